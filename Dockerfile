# epshim as an image that is one file: docker build --tag epshim . See docs/containers.md.
FROM rust:1-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends \
        libclang1-14 libclang-common-14-dev python3-venv
WORKDIR /epshim
COPY . .
# --untried: nothing may be mounted while an image is built.
RUN packaging/static.sh --untried && install -D target/ship/$(uname -m)/epshim /image/epshim

FROM scratch
COPY --from=build /image/epshim /epshim
ENTRYPOINT ["/epshim"]
