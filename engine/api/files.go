package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/offhook-voip/offhook/pjsua/wav"
)

// checkName refuses whatever is no plain name of a file with one of the endings.
func checkName(name string, endings ...string) error {
	bad := func(why string) error {
		return Errorf(http.StatusUnprocessableEntity, CodeBadRequest, "file name %.60q: %s", name, why)
	}
	switch {
	case name == "" || len(name) > 200:
		return bad("it must have 1 to 200 bytes")
	case strings.HasPrefix(name, "."):
		return bad("it must not begin with a dot")
	case strings.IndexFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) }) >= 0:
		return bad("a character in it is not allowed")
	case !filepath.IsLocal(name): // a device of Windows
		return bad("it is no name of a file")
	case !slices.Contains(endings, strings.ToLower(filepath.Ext(name))):
		return bad("it must end in " + strings.Join(endings, " or "))
	}
	return nil
}

// recordingEndings are those of recordings and of nothing else in their folder.
var recordingEndings = []string{".wav", ".opus", ".ogg", ".oga", ".mp3"}

func (s *Server) fileRoutes() {
	const tag = "files"
	type named struct {
		Name string `path:"name" maxLength:"200"`
	}
	name := &huma.Param{Name: "name", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}, Description: "Name of the file, without a folder"}
	audio := map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	if s.cfg.Recordings != "" {
		handle(s, route{
			method: "GET", path: "/v1/recordings", id: "recordings", tag: tag, scope: ScopeRead, summary: "The files in the folder of recordings, newest first",
		}, func(context.Context, *nothing) (*list[File], error) {
			files, err := listFiles(s.cfg.Recordings, recordingEndings)
			return listOf(files), err
		})
		s.handleRaw(route{
			method: "GET", path: "/v1/recordings/{name}", id: "recording", tag: tag, scope: ScopeRead, summary: "Download a recording",
			description: "A part of it by the header Range. One that is still being written has what was written so far.",
		}, func(op *huma.Operation) {
			op.Parameters = []*huma.Param{name}
			op.Responses["200"] = &huma.Response{Description: "The file", Content: audio}
		}, s.serveRecording)
	}
	if s.cfg.Prompts != "" {
		handle(s, route{
			method: "GET", path: "/v1/prompts", id: "prompts", tag: tag, scope: ScopeRead, summary: "The prompts that were uploaded, newest first",
		}, func(context.Context, *nothing) (*list[File], error) {
			files, err := listFiles(s.cfg.Prompts, []string{".wav"})
			return listOf(files), err
		})
		s.handleRaw(route{
			method: "PUT", path: "/v1/prompts/{name}", id: "prompt-add", tag: tag, scope: ScopeCall, summary: "Upload a WAV file to play in calls",
			description: fmt.Sprintf("It replaces one of the same name, also in calls that begin to play it later. At most %d bytes.", s.limits.Prompt),
		}, func(op *huma.Operation) {
			op.Parameters = []*huma.Param{name}
			op.RequestBody = &huma.RequestBody{Required: true, Content: audio}
			op.Responses["201"] = &huma.Response{Description: "It is there", Content: map[string]*huma.MediaType{"application/json": {Schema: s.schemaOf(File{})}}}
		}, s.takePrompt)
		handle(s, route{
			method: "DELETE", path: "/v1/prompts/{name}", id: "prompt-remove", tag: tag, scope: ScopeCall, summary: "Remove a prompt",
		}, func(_ context.Context, in *named) (*nothing, error) {
			if err := checkName(in.Name, ".wav"); err != nil {
				return nil, err
			}
			// Of a plain name, and a link goes itself.
			return &nothing{}, fileError(in.Name, os.Remove(filepath.Join(s.cfg.Prompts, in.Name)))
		})
	}
}

// fileError keeps paths of the machine out of answers.
func fileError(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return Errorf(http.StatusNotFound, CodeNotFound, "there is no file %s", name)
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return Errorf(http.StatusInternalServerError, CodeFailed, "file %s: %v", name, err)
}

// listFiles returns the files of a folder that have one of the endings, newest first.
func listFiles(dir string, endings []string) ([]File, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // nothing was written yet
	}
	if err != nil {
		return nil, fileError(filepath.Base(dir), err)
	}
	var files []File
	for _, e := range entries {
		if checkName(e.Name(), endings...) != nil || !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); err == nil { // else it was removed meanwhile
			files = append(files, File{Name: e.Name(), Bytes: info.Size(), Modified: info.ModTime().UTC()})
		}
	}
	slices.SortStableFunc(files, func(a, b File) int { return b.Modified.Compare(a.Modified) })
	return files, nil
}

// serveRecording sends a file of the folder. The folder is opened as a root, so that
// neither a name nor a symbolic link leads out of it.
func (s *Server) serveRecording(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if err := checkName(name, recordingEndings...); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.cfg.Recordings)
	if err != nil {
		return fileError(name, err)
	}
	defer root.Close()
	f, err := root.Open(name)
	if err != nil {
		return fileError(name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fileError(name, err)
	}
	if !info.Mode().IsRegular() {
		return fileError(name, fs.ErrNotExist)
	}
	types := map[string]string{".wav": "audio/wav", ".mp3": "audio/mpeg"}
	typ, ok := types[strings.ToLower(filepath.Ext(name))]
	if !ok {
		typ = "audio/ogg"
	}
	w.Header().Set("Content-Type", typ)
	http.ServeContent(w, r, "", info.ModTime(), f)
	return nil
}

// promptPath returns the path of a prompt that is there.
func (s *Server) promptPath(name string) (string, error) {
	if s.cfg.Prompts == "" {
		return "", Errorf(http.StatusNotFound, CodeNotFound, "there is no folder of prompts")
	}
	if err := checkName(name, ".wav"); err != nil {
		return "", err
	}
	path := filepath.Join(s.cfg.Prompts, name)
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	return path, fileError(name, err)
}

// uploadTime is how long a prompt may take to arrive.
const uploadTime = 10 * time.Minute

// takePrompt writes the body to a file beside the prompts, checks it, and gives it its
// name: a prompt is never half there.
func (s *Server) takePrompt(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if err := checkName(name, ".wav"); err != nil {
		return err
	}
	if err := os.MkdirAll(s.cfg.Prompts, 0o777); err != nil {
		return fileError(name, err)
	}
	tmp, err := os.CreateTemp(s.cfg.Prompts, ".upload")
	if err != nil {
		return fileError(name, err)
	}
	defer os.Remove(tmp.Name()) // where it did not get its name
	_, err = io.Copy(tmp, r.Body)
	if closeErr := tmp.Close(); err == nil && closeErr != nil {
		return fileError(name, closeErr)
	}
	if err != nil {
		return bodyError(err)
	}
	if _, err := wav.ReadInfo(tmp.Name()); err != nil {
		var format *wav.FormatError
		if errors.As(err, &format) {
			return Errorf(http.StatusUnprocessableEntity, CodeBadRequest, "%s is no WAV file to play: %s", name, format.Reason)
		}
		return fileError(name, err)
	}
	path := filepath.Join(s.cfg.Prompts, name)
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fileError(name, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fileError(name, err)
	}
	return writeJSON(w, http.StatusCreated, File{Name: name, Bytes: info.Size(), Modified: info.ModTime().UTC()})
}
