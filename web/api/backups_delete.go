package api

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// Deletion is a backup that was deleted.
type Deletion struct {
	ID     string        `json:"Id"`
	Label  string        `json:"Label"`
	Copies []DeletedCopy `json:"Copies"`
}

// DeletedCopy is a copy that goes with it. Notes say what keeps it from going at once.
type DeletedCopy struct {
	ID    string   `json:"Id"`
	Drive string   `json:"Drive"`
	Key   string   `json:"Key"`
	Size  int64    `json:"Size"`
	Notes []string `json:"Notes"`
}

// Delete answers DELETE /api/backups/:id: the backup goes, and each drive is asked to remove
// its copy until it has. What would be missed goes only with Meant=true in the query; without
// it the answer is a conflict that says what that is.
func (h *Handlers) Delete(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	meant, err := parseMeant(c.Request.URL.Query())
	if err != nil {
		return err
	}
	d, err := h.Retention.Delete(c.Request.Context(), id, meant)
	if d.Backup.Label != "" {
		identity.Note(c, "backup of "+d.Backup.Label, id, "")
	}
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, NewDeletion(d))
	return nil
}

// NewDeletion tells what was deleted.
func NewDeletion(d models.Deletion) Deletion {
	told := Deletion{ID: d.Backup.ID, Label: d.Backup.Label, Copies: []DeletedCopy{}}
	for _, f := range d.Copies {
		told.Copies = append(told.Copies, DeletedCopy{ID: f.DriveFile.ID, Drive: f.Drive, Key: f.DriveFile.Key, Size: f.DriveFile.Size, Notes: append([]string{}, f.Notes...)})
	}
	return told
}

func parseMeant(q url.Values) (meant bool, err error) {
	err = setAll(q, map[string]func(string) error{
		"Meant": func(v string) error {
			if meant = v == "true"; !meant && v != "false" {
				return models.Invalidf("Meant must be true or false")
			}
			return nil
		},
	})
	return meant, err
}
