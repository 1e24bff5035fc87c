// Package limits has the bounds on what people may use of a gateway: the site file has
// them read, and the gateway keeps to them.
//
//	site.Limits = limits.Limits{FramesPerSecond: 20, Burst: 40, ...}
package limits

// Limits bound what visitors and agents may use of a gateway. Every refusal is counted in
// nextup_limited_total by the limit's name.
type Limits struct {
	// FramesPerSecond is the rate of frames that one conn may keep up, 1 to 1,000; Burst
	// is the number that may come at once, 1 to 10,000.
	FramesPerSecond, Burst int
	// BytesPerSecond and ByteBurst bound the same in bytes, 1 KiB to 16 MiB; a
	// burst holds at least the largest frame, 64 KiB.
	BytesPerSecond, ByteBurst int
	// OutgoingBuffer bounds the bytes that wait for a slow client, 64 KiB (the largest
	// frame) to 16 MiB.
	OutgoingBuffer int
	// ConnsPerPerson, ConnsPerAddress and Conns bound the conns on one gateway: of
	// one visitor or agent, from one address, and of the site; 1 to 1,000,000.
	ConnsPerPerson, ConnsPerAddress, Conns int
}
