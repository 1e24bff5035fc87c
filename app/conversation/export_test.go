package conversation

// Open counts the conversations that somebody has open.
func (h *Hub) Open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.feeds)
}
