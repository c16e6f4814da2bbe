#!/usr/bin/env bash
# The same bytes into another repository: the index, its images, its attestations, by their digests.
# FROM_IMAGE and TO_IMAGE (REGISTRY/REPOSITORY), ECR_REPOSITORY (TO_IMAGE's), DIGEST, TAGS (by spaces).
#
# skopeo, since `--preserve-digests` fails where another tool would write another manifest
# (`docker buildx imagetools create` wraps a single image in a new index by default).
# Outputs: pushed (true: Slipway hears of it; false: all of it was there), since (now).
set -euo pipefail
# shellcheck source=.github/actions/await-deployment/slipway.sh
source "$(dirname "${BASH_SOURCE[0]}")/../actions/await-deployment/slipway.sh"

must_match digest "${DIGEST:-}" 'sha256:[0-9a-f]{32,}' 'a digest like sha256:…'
output since "$(date -u +%Y-%m-%dT%H:%M:%SZ)"

missing=()
for tag in ${TAGS:?}; do
  found=$(digest_of "$tag")
  if [[ ! $found ]]; then
    missing+=("$tag")
  elif [[ $found != "$DIGEST" ]]; then
    annotate error "Not promoted" "$ECR_REPOSITORY:$tag is $found already, and not $DIGEST. A tag is never given to another image. Promote the image of another commit, or by another tag."
    exit 1
  fi
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "$ECR_REPOSITORY has $DIGEST already, under every tag."
  output pushed false
  exit 0
fi

# `latest` last: by then the image is there under the name that stays.
for tag in "${missing[@]}" latest; do
  skopeo copy --all --preserve-digests --retry-times 3 \
    "docker://$FROM_IMAGE@$DIGEST" "docker://$TO_IMAGE:$tag"
  found=$(digest_of "$tag")
  if [[ $found != "$DIGEST" ]]; then
    annotate error "Not the same image" "$ECR_REPOSITORY:$tag became '$found', and $DIGEST was copied."
    exit 1
  fi
done
output pushed true
