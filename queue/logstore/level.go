package logstore

import (
	"context"

	"nextup/queue"
)

// Level reads the entity that holds the level of a site, nil for level 0, without
// following the log.
func (s *Store) Level(ctx context.Context, site string) (*queue.SiteLevel, error) {
	e, err := s.backend.Entity(ctx, LogOf(site), queue.LevelName)
	if err != nil || e.Name == "" {
		return nil, unavailable(err)
	}
	image, err := queue.DecodeImage(e.Name, e.Body)
	if err != nil {
		return nil, err
	}
	queue.Resolve(image, queue.Revision{Version: e.Version, Number: e.Number}, queue.Stamp(e.At))
	level, _ := image.(*queue.SiteLevel)
	return level, nil
}
