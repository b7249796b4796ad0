# Backupman with the dump tools of MariaDB 11.8, which also dump MySQL, and PostgreSQL 17.
#
#   docker build -t backupman .
#   docker run --init -v backupman:/data -v ./config.yaml:/etc/backupman/config.yaml:ro -p 127.0.0.1:8080:8080 backupman
#
# Inside, the server listens on every address, because a container has no other way to be
# reached. The API then asks for a key of http.api_keys, and the pages are refused, as
# there are no accounts yet. With --network host and BACKUPMAN_LISTEN=127.0.0.1:8080
# it serves the pages as well, to the machine itself and through an SSH tunnel.
#
# Not in the image: the servers that drills start on their own (mariadb-server,
# postgresql), rclone. Drills go to a server that drill.scratch names, or to an image
# made from this one that has them.

FROM golang:1.26-trixie AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=container
# The same settings as in the Makefile; what is generated is committed.
RUN CGO_ENABLED=0 go build -trimpath -tags=nomsgpack -ldflags "-s -w -X github.com/backupman/backupman/cli.version=${VERSION}" -o /backupman .

FROM debian:13.1-slim
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates mariadb-client postgresql-client \
 && rm -rf /var/lib/apt/lists/*
# Dumps and spools can be read by their owner only: this account.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin backupman \
 && install -d -o backupman -g backupman -m 700 /data
COPY --from=build /backupman /usr/local/bin/backupman
USER backupman
WORKDIR /data
ENV BACKUPMAN_CONFIG=/etc/backupman/config.yaml \
    BACKUPMAN_DATA=/data \
    BACKUPMAN_LISTEN=0.0.0.0:8080
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s --retries=3 CMD ["backupman", "health"]
# SIGTERM ends it. Run it with --init (compose: init: true), so that somebody takes the
# end of processes whose parents were killed.
STOPSIGNAL SIGTERM
ENTRYPOINT ["backupman"]
CMD ["serve"]
