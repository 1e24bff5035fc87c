package conversation

// Open counts the conversations that have subscribers.
func (h *Hub) Open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.feeds)
}
