package protocol

//go:generate go run nextup/internal/tsgen . ../../client-js/src/core/protocol.gen.ts ../../docs/asyncapi.yaml
