package googlestub

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

const folderType = "application/vnd.google-apps.folder"

// file is a file or a folder.
type file struct {
	ID       string
	Name     string
	MimeType string
	parent   string
	// drive is the shared drive it is in, or empty.
	drive string
	// owner is the account whose drive it is in, or empty.
	owner             string
	created, modified time.Time
	trashed           bool
	// late says that lists do not tell of it yet.
	late bool
	size int64
	sum  string
	// content is the file on disk that holds it.
	content string
}

// metadata is what a client may say of a file.
type metadata struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	MimeType     string   `json:"mimeType"`
	Parents      []string `json:"parents"`
	ModifiedTime string   `json:"modifiedTime"`
}

func readMetadata(r *http.Request) (m metadata, err error) {
	d := json.NewDecoder(io.LimitReader(r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, badRequest("Parse Error: %v", err)
	}
	return m, nil
}

func root(account string) string { return "root-of-" + account }

// alias resolves the word for the account's own top folder.
func alias(who access) func(id string) string {
	return func(id string) string {
		if id == "root" {
			return root(who.account)
		}
		return id
	}
}

// describe returns the fields of a file that were asked for.
func (s *Stub) describe(f *file, fields string) (map[string]any, error) {
	all := map[string]func() any{
		"kind": func() any { return "drive#file" }, "id": func() any { return f.ID }, "name": func() any { return f.Name },
		"mimeType": func() any { return f.MimeType }, "trashed": func() any { return f.trashed || s.inTrash(f) },
		"parents":     func() any { return []string{f.parent} },
		"createdTime": func() any { return stamp(f.created) }, "modifiedTime": func() any { return stamp(f.modified) },
		"driveId": func() any { return f.drive },
		"size":    func() any { return strconv.FormatInt(f.size, 10) }, "sha256Checksum": func() any { return f.sum },
		"md5Checksum": func() any { return fileMD5(f.content) },
		"capabilities(canAddChildren,canDeleteChildren)": func() any {
			return map[string]any{"canAddChildren": true, "canDeleteChildren": f.drive != "" && s.drives[f.drive].Role == "organizer"}
		},
	}
	answer := map[string]any{}
	for _, name := range splitFields(fields) {
		value, ok := all[name]
		if !ok {
			return nil, badRequest("Invalid field selection %s", name)
		}
		stored := name == "size" || strings.HasSuffix(name, "Checksum")
		if (stored && f.MimeType == folderType) || (name == "driveId" && f.drive == "") {
			continue
		}
		name, _, _ = strings.Cut(name, "(")
		answer[name] = value()
	}
	return answer, nil
}

// splitFields parts a field selection at its outer commas. Without one Google tells little.
func splitFields(fields string) []string {
	if fields == "" {
		return []string{"kind", "id", "name", "mimeType"}
	}
	var parts []string
	depth, from := 0, 0
	for i, c := range fields {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, fields[from:i])
			from = i + 1
		}
	}
	return append(parts, fields[from:])
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func fileMD5(name string) string {
	sum := md5.New()
	if f, err := os.Open(name); err == nil {
		_, _ = io.Copy(sum, f) // a file of a test's own folder
		_ = f.Close()
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// path is where a file is, for people.
func (s *Stub) path(f *file) string {
	name := f.Name
	for p := s.files[f.parent]; p != nil; p = s.files[p.parent] {
		name = path.Join(p.Name, name)
	}
	return name
}

func (s *Stub) inTrash(f *file) bool {
	for p := s.files[f.parent]; p != nil; p = s.files[p.parent] {
		if p.trashed {
			return true
		}
	}
	return false
}

// visible returns a file that an account sees with a request.
func (s *Stub) visible(id string, r *http.Request, who access) (*file, error) {
	if id == root(who.account) {
		return &file{ID: id, Name: "My Drive", MimeType: folderType, owner: who.account}, nil
	}
	if s.drives[id] != nil && r.URL.Query().Get("supportsAllDrives") == "true" {
		return &file{ID: id, Name: "Drive", MimeType: folderType, drive: id}, nil
	}
	f := s.files[id]
	switch {
	case f == nil, f.drive == "" && f.owner != who.account, f.drive != "" && r.URL.Query().Get("supportsAllDrives") != "true":
		return nil, notFound(id)
	}
	return f, nil
}

// known refuses parameters that the stub does not look at.
func known(r *http.Request, names ...string) error {
	for name, values := range r.URL.Query() {
		if len(values) != 1 || !slices.Contains(append(names, "alt", "prettyPrint", "fields", "supportsAllDrives"), name) {
			return badRequest("Unknown name %q", name)
		}
	}
	return nil
}

func (s *Stub) about(w http.ResponseWriter, r *http.Request, who access) error {
	if r.URL.Query().Get("fields") != "storageQuota(limit,usage)" {
		return badRequest("The 'fields' parameter is required for this method.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	quota := map[string]any{"usage": strconv.FormatInt(s.usage(who.account), 10)}
	if s.limit > 0 {
		quota["limit"] = strconv.FormatInt(s.limit, 10)
	}
	answerJSON(w, 200, map[string]any{"storageQuota": quota})
	return nil
}

func (s *Stub) usage(account string) (bytes int64) {
	for _, f := range s.files {
		if f.owner == account {
			bytes += f.size
		}
	}
	return bytes
}

func (s *Stub) generateIDs(w http.ResponseWriter, r *http.Request, _ access) error {
	if err := known(r, "count", "space", "type"); err != nil {
		return err
	}
	count, err := strconv.Atoi(r.URL.Query().Get("count"))
	if err != nil || count < 1 || count > 1000 {
		return badRequest("Invalid value for count")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, count)
	for i := range ids {
		ids[i] = "1" + secret()
		s.ids[ids[i]] = true
	}
	answerJSON(w, 200, map[string]any{"ids": ids})
	return nil
}

func (s *Stub) list(w http.ResponseWriter, r *http.Request, who access) error {
	q := r.URL.Query()
	if err := known(r, "q", "pageSize", "pageToken", "spaces", "includeItemsFromAllDrives", "corpora", "driveId"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := q.Get("includeItemsFromAllDrives") == "true" && q.Get("supportsAllDrives") == "true"
	if q.Get("corpora") == "drive" != (q.Get("driveId") != "") || (q.Get("driveId") != "" && !all) {
		return badRequest("The driveId parameter must be specified if and only if corpora is set to drive.")
	}
	if id := q.Get("driveId"); id != "" && s.drives[id] == nil {
		return refusal{Code: 404, Reason: "notFound", Message: "Shared drive not found: " + id}
	}
	test, err := parseQuery(q.Get("q"), alias(who))
	if err != nil {
		return err
	}
	for _, id := range parentsIn(q.Get("q"), alias(who)) {
		if _, err := s.visible(id, r, who); err != nil {
			return notFound(".")
		}
	}
	var found []*file
	for _, f := range s.files {
		if f.late {
			continue
		}
		mine := f.drive == "" && f.owner == who.account && q.Get("driveId") == ""
		shared := f.drive != "" && all && (q.Get("driveId") == "" || q.Get("driveId") == f.drive)
		if (mine || shared) && test(f) && !s.inTrash(f) {
			found = append(found, f)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].ID < found[j].ID }) // no order was asked for
	return s.page(w, q.Get("fields"), q.Get("pageToken"), q.Get("pageSize"), found)
}

// page answers with the files from a token on.
func (s *Stub) page(w http.ResponseWriter, fields, token, size string, found []*file) error {
	most, err := strconv.Atoi(size)
	if err != nil || most < 1 || most > 1000 {
		return badRequest("Invalid value for pageSize")
	}
	if s.pageSize > 0 {
		most = min(most, s.pageSize)
	}
	from := 0
	if token != "" {
		if from, err = strconv.Atoi(strings.TrimPrefix(token, "page-")); err != nil || from > len(found) {
			return badRequest("Invalid Value: pageToken")
		}
	}
	end := min(from+most, len(found))
	answer := map[string]any{}
	for _, name := range splitFields(fields) {
		inner, isFiles := strings.CutPrefix(name, "files(")
		switch {
		case isFiles:
			files := []any{}
			for _, f := range found[from:end] {
				d, err := s.describe(f, strings.TrimSuffix(inner, ")"))
				if err != nil {
					return err
				}
				files = append(files, d)
			}
			answer["files"] = files
		case name == "kind":
			answer["kind"] = "drive#fileList"
		case name == "incompleteSearch":
			answer["incompleteSearch"] = false
		case name == "nextPageToken":
			if end < len(found) {
				answer["nextPageToken"] = "page-" + strconv.Itoa(end)
			}
		default:
			return badRequest("Invalid field selection %s", name)
		}
	}
	answerJSON(w, 200, answer)
	return nil
}

func (s *Stub) get(w http.ResponseWriter, r *http.Request, who access) error {
	if err := known(r, "acknowledgeAbuse"); err != nil {
		return err
	}
	s.mu.Lock()
	f, err := s.visible(alias(who)(r.PathValue("id")), r, who)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	if r.URL.Query().Get("alt") == "media" {
		s.mu.Unlock()
		return s.download(w, r, f)
	}
	defer s.mu.Unlock()
	return s.answer(w, f, r.URL.Query().Get("fields"))
}

func (s *Stub) answer(w http.ResponseWriter, f *file, fields string) error {
	d, err := s.describe(f, fields)
	if err == nil {
		answerJSON(w, 200, d)
	}
	return err
}

func (s *Stub) download(w http.ResponseWriter, r *http.Request, f *file) error {
	if f.MimeType == folderType {
		return forbidden("fileNotDownloadable", "Only files with binary content can be downloaded.")
	}
	content, err := os.Open(f.content)
	if err != nil {
		return notFound(f.ID)
	}
	defer content.Close()
	w.Header().Set("Content-Type", f.MimeType)
	http.ServeContent(w, r, "", time.Time{}, content)
	return nil
}

// place makes a file of what a client says of it, in a folder that is there.
func (s *Stub) place(m metadata, r *http.Request, who access) (*file, error) {
	if len(m.Parents) > 1 {
		return nil, badRequest("A file can have only one parent.")
	}
	parent := root(who.account)
	if len(m.Parents) == 1 {
		parent = alias(who)(m.Parents[0])
	}
	in, err := s.visible(parent, r, who)
	if err != nil {
		return nil, err
	}
	if in.MimeType != folderType {
		return nil, forbidden("parentNotAFolder", "The specified parent is not a folder.")
	}
	if m.Name == "" {
		m.Name = "Untitled"
	}
	f := &file{ID: m.ID, Name: m.Name, MimeType: m.MimeType, parent: parent, drive: in.drive}
	if f.drive == "" {
		f.owner = who.account
	}
	switch {
	case f.ID == "":
		f.ID = "1" + secret()
	case s.files[f.ID] != nil:
		return nil, refusal{Code: 409, Reason: "fileIdInUse", Message: "A file already exists with the provided ID."}
	case !s.ids[f.ID]:
		return nil, badRequest("The provided file ID is not usable.")
	}
	return f, nil
}

func (s *Stub) create(w http.ResponseWriter, r *http.Request, who access) error {
	if err := known(r); err != nil {
		return err
	}
	m, err := readMetadata(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.MimeType != folderType {
		return badRequest("only folders are made without content here")
	}
	f, err := s.place(m, r, who)
	if err != nil {
		return err
	}
	f.created = s.now()
	f.modified = f.created
	s.files[f.ID] = f
	return s.answer(w, f, r.URL.Query().Get("fields"))
}

func (s *Stub) update(w http.ResponseWriter, r *http.Request, who access) error {
	if err := known(r, "addParents", "removeParents"); err != nil {
		return err
	}
	m, err := readMetadata(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.visible(r.PathValue("id"), r, who)
	if err != nil {
		return err
	}
	if m.ID != "" || m.Parents != nil {
		return forbidden("fieldNotWritable", "The resource body includes fields which are not directly writable.")
	}
	modified := f.modified
	if m.ModifiedTime != "" {
		if modified, err = time.Parse(time.RFC3339, m.ModifiedTime); err != nil {
			return badRequest("Invalid value for modifiedTime")
		}
	}
	if err := s.move(f, r, who); err != nil {
		return err
	}
	if m.Name != "" {
		f.Name = m.Name
	}
	f.modified = modified
	return s.answer(w, f, r.URL.Query().Get("fields"))
}

func (s *Stub) move(f *file, r *http.Request, who access) error {
	add, drop := r.URL.Query().Get("addParents"), r.URL.Query().Get("removeParents")
	if add == "" && drop == "" {
		return nil
	}
	if drop != f.parent || add == "" {
		return badRequest("A file has exactly one parent.")
	}
	in, err := s.visible(alias(who)(add), r, who)
	if err != nil {
		return err
	}
	f.parent = in.ID
	return nil
}

func (s *Stub) remove(w http.ResponseWriter, r *http.Request, who access) error {
	if err := known(r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.visible(r.PathValue("id"), r, who)
	if err != nil {
		return err
	}
	if f.drive != "" && s.drives[f.drive].Role != "organizer" {
		return forbidden("insufficientFilePermissions", "The user does not have sufficient permissions for this file.")
	}
	s.drop(f)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// drop removes a file for good, and all that is in a folder.
func (s *Stub) drop(f *file) {
	delete(s.files, f.ID)
	if f.content != "" {
		_ = os.Remove(f.content)
	}
	for _, below := range s.files {
		if below.parent == f.ID {
			s.drop(below)
		}
	}
}

// RemoveFolder deletes the folders of a path for good, with all in them; Trash puts
// them into the trash.
func (s *Stub) RemoveFolder(name string) { s.folders(name, s.drop) }

// Trash puts the folders of a path into the trash.
func (s *Stub) Trash(name string) { s.folders(name, func(f *file) { f.trashed = true }) }

func (s *Stub) folders(name string, do func(*file)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if f.MimeType == folderType && s.path(f) == name {
			do(f)
		}
	}
}

// Duplicate adds another file with the name and in the folder of one that is there,
// published at a given time.
func (s *Stub) Duplicate(name string, content []byte, published time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if s.path(f) != name || f.MimeType == folderType {
			continue
		}
		twin := *f
		twin.ID, twin.modified, twin.created, twin.size = "1"+secret(), published, s.now(), int64(len(content))
		twin.content, twin.sum = filepath.Join(s.dir, twin.ID), hexSum(content)
		s.files[twin.ID] = &twin
		return os.WriteFile(twin.content, content, 0o600)
	}
	return notFound(name)
}

// Rename gives a file another name, as a person does, or a crash that never came to
// give it its last.
func (s *Stub) Rename(name, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if s.path(f) == name {
			f.Name = to
		}
	}
}

// Add puts a file that somebody else made a while ago beside one that is there, or
// into a folder that is.
func (s *Stub) Add(folder, name string, content []byte, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.files {
		if in.MimeType != folderType || s.path(in) != folder {
			continue
		}
		f := &file{ID: "1" + secret(), Name: name, MimeType: "application/octet-stream", parent: in.ID, drive: in.drive, owner: in.owner,
			created: at, modified: at, size: int64(len(content)), sum: hexSum(content)}
		f.content = filepath.Join(s.dir, f.ID)
		s.files[f.ID] = f
		return os.WriteFile(f.content, content, 0o600)
	}
	return notFound(folder)
}

// AddFolder makes another folder of the name of one that is there.
func (s *Stub) AddFolder(folder string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if f.MimeType == folderType && s.path(f) == folder {
			twin := *f
			twin.ID, twin.created = "0"+secret(), s.now()
			s.files[twin.ID] = &twin
			return nil
		}
	}
	return notFound(folder)
}
