package logstore

import (
	"context"

	"nextup/queue"
)

// Level reads the entity that holds the level of a site, nil for level 0, without
// following the log. It scans the site's entities, so it is for commands.
func (s *Store) Level(ctx context.Context, site string) (*queue.SiteLevel, error) {
	var level *queue.SiteLevel
	for cursor := uint64(0); ; {
		page, next, err := s.backend.Scan(ctx, LogOf(site), cursor)
		if err != nil {
			return nil, unavailable(err)
		}
		for _, e := range page {
			if e.Name != queue.LevelName {
				continue
			}
			image, err := queue.DecodeImage(e.Name, e.Body)
			if err != nil {
				return nil, err
			}
			queue.Resolve(image, queue.Revision{Version: e.Version, Number: e.Number}, queue.Stamp(e.At))
			level, _ = image.(*queue.SiteLevel)
		}
		if cursor = next; cursor == 0 {
			return level, nil
		}
	}
}
