#!/usr/bin/env bash
# commit and Git tag -> the image's names. REGISTRY and ECR_REPOSITORY say where it goes.
#
# Outputs: commit (the short SHA), version (of a Git tag vX.Y.Z, else empty), image (REGISTRY/REPOSITORY),
# tags (image:tag, by commas: the commit, the version, latest).
set -euo pipefail
# shellcheck source=.github/actions/await-deployment/slipway.sh
source "$(dirname "${BASH_SOURCE[0]}")/../actions/await-deployment/slipway.sh"

must_match 'the registry' "${REGISTRY:-}" '[0-9a-z.:-]+' 'ACCOUNT.dkr.ecr.REGION.amazonaws.com'
must_match ecr-repository "${ECR_REPOSITORY:-}" '[a-z0-9][a-z0-9._/-]*' 'the name of an ECR repository'
must_match 'the commit' "${GITHUB_SHA:-}" '[0-9a-f]{40,64}' 'a whole SHA'

image="$REGISTRY/$ECR_REPOSITORY"
commit=${GITHUB_SHA:0:7}
tags="$image:$commit"
version=''
if [[ ${GITHUB_REF_TYPE:-} == tag ]]; then
  must_match 'the Git tag' "${GITHUB_REF_NAME:-}" 'v[0-9]+\.[0-9]+\.[0-9]+' 'a version like v1.2.3'
  version=$GITHUB_REF_NAME
  tags+=",$image:$version"
fi

output commit "$commit"
output version "$version"
output image "$image"
output tags "$tags,$image:latest"
echo "$tags,$image:latest"
