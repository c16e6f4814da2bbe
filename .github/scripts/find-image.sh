#!/usr/bin/env bash
# Is this commit's image in the repository already? ECR_REPOSITORY, COMMIT, and VERSION (may be empty).
#
# A repository whose tags cannot be overwritten refuses a second build of one commit, and the second
# build would have another digest. So an image that is there is used as it is, and only gets VERSION
# as a further tag. Outputs: digest (empty: it must be built), since (now).
set -euo pipefail
# shellcheck source=.github/actions/await-deployment/slipway.sh
source "$(dirname "${BASH_SOURCE[0]}")/../actions/await-deployment/slipway.sh"

main() {
  output since "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  digest=$(digest_of "$COMMIT")
  if [[ $digest && ${VERSION:-} ]]; then
    add_version
  fi
  output digest "$digest"
  if [[ $digest ]]; then
    annotate notice "Built before" "$ECR_REPOSITORY:$COMMIT is there already, as $digest. It is not built again."
  else
    echo "$ECR_REPOSITORY has no image $COMMIT yet."
  fi
}

add_version() {
  local named
  named=$(digest_of "$VERSION")
  if [[ $named && $named != "$digest" ]]; then
    annotate error "Version taken" "$ECR_REPOSITORY:$VERSION is $named, and this commit's image is $digest. A tag is never given to another image: choose the next version."
    exit 1
  fi
  [[ $named ]] && return
  aws ecr batch-get-image --repository-name "$ECR_REPOSITORY" --image-ids "imageDigest=$digest" \
    --accepted-media-types application/vnd.oci.image.index.v1+json \
      application/vnd.docker.distribution.manifest.list.v2+json \
      application/vnd.oci.image.manifest.v1+json \
      application/vnd.docker.distribution.manifest.v2+json \
    --output json > "$scratch/image"
  jq --exit-status --join-output '.images[0].imageManifest' "$scratch/image" > "$scratch/manifest"
  aws ecr put-image --repository-name "$ECR_REPOSITORY" --image-tag "$VERSION" --image-digest "$digest" \
    --image-manifest "file://$scratch/manifest" --output json \
    --image-manifest-media-type "$(jq -r '.images[0].imageManifestMediaType' "$scratch/image")" > /dev/null
  echo "$ECR_REPOSITORY:$VERSION now names $digest too."
}

main
