module weft.dev/peer

go 1.24

require (
	github.com/nats-io/nats.go v1.42.0
	wrpc.io/go v0.2.0
)
