"""Amazon EventBridge: `bus` takes events and matches rules, `targets` hands them on."""

from __future__ import annotations

from embedded.services.events.bus import Delivery, EventBus, FailedDelivery
from embedded.services.events.disturbance import Disturbance

__all__ = ["Delivery", "Disturbance", "EventBus", "FailedDelivery"]
