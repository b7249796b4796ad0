package stream

import (
	"mime"
	"testing"
)

func TestAttachmentNamesSurvive(t *testing.T) {
	for _, name := range []string{"a.sql.zst", "a b.sql", `q"uote;x.sql`, "línea-日本.sql", "a/b\\c.sql", "per%cent+plus.sql", "new\r\nline.sql"} {
		header := Attachment(name)
		kind, parameters, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" || parameters["filename"] != name {
			t.Errorf("%q became %q: %v %v", name, header, parameters, err)
		}
		for _, r := range header {
			if r < ' ' || r > '~' {
				t.Errorf("%q has the byte %q in its header", name, r)
			}
		}
	}
}
