package pages

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/a-h/templ"

	"github.com/backupman/backupman/views/components"
)

// drawn are parts of a page, without its frame, each as it was drawn once for all who may do
// the same. They tell nobody's name. The zero value is ready.
type drawn struct {
	mu sync.Mutex
	of map[string]string
}

// content returns a part of the page for somebody; draw is what draws it for the first of them.
func (d *drawn) content(ctx context.Context, v components.Viewer, part int, draw func() templ.Component) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := drawnFor(v, part)
	if content, known := d.of[key]; known {
		return content, nil
	}
	var page bytes.Buffer
	if err := draw().Render(components.WithViewer(ctx, v), &page); err != nil {
		return "", err
	}
	if d.of == nil {
		d.of = map[string]string{}
	}
	d.of[key] = page.String()
	return d.of[key], nil
}

// drawnFor tells apart what is drawn of one part of a page for different people.
func drawnFor(v components.Viewer, part int) string {
	zone := ""
	if v.Zone != nil {
		zone = v.Zone.String()
	}
	return fmt.Sprint(part, v.Kind, v.Role, v.Scopes, zone)
}
