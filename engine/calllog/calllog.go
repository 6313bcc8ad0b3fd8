// Package calllog keeps the calls of a softphone in a SQLite file: MicroSIP's table
// with more columns. The file can be read and written by MicroSIP and others
// meanwhile.
package calllog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite", without cgo
)

// Type says what became of a call, in MicroSIP's numbers.
type Type int

// The types.
const (
	Outgoing Type = iota
	Incoming
	Missed
	Elsewhere // another phone took it
)

var typeNames = []string{"outgoing", "incoming", "missed", "elsewhere"}

// String returns "outgoing", "incoming", "missed" or "elsewhere".
func (t Type) String() string {
	if t < 0 || int(t) >= len(typeNames) {
		return fmt.Sprintf("type %d", int(t))
	}
	return typeNames[t]
}

// MarshalText implements [encoding.TextMarshaler].
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (t *Type) UnmarshalText(text []byte) error {
	for i, name := range typeNames {
		if name == string(text) {
			*t = Type(i)
			return nil
		}
	}
	return fmt.Errorf("calllog: unknown type %q", text)
}

// Entry is one call. Times are zero where there is nothing to say; the table has whole
// milliseconds of them, and of Time, as MicroSIP, whole seconds.
type Entry struct {
	ID        int64     `json:"id"`          // of the row; rises with each call
	SIPCallID string    `json:"sip_call_id"` // the Call-ID header
	Number    string    `json:"number"`      // user of the far end
	Name      string    `json:"name"`
	Type      Type      `json:"type"`
	Time      time.Time `json:"time"`       // of the INVITE
	DurationS int64     `json:"duration_s"` // from the answer to the end
	Info      string    `json:"info"`       // code and reason of a call that was not answered
	Account   int       `json:"account"`    // its number, 0 is the local account
	Remote    string    `json:"remote"`     // name and URI of the far end
	Local     string    `json:"local"`      // name and URI of this end
	Domain    string    `json:"domain"`     // of the far end
	Diversion string    `json:"diversion"`  // user that an incoming call was diverted by
	Code      int       `json:"code"`       // the last status code
	Reason    string    `json:"reason"`     // its phrase
	Codec     string    `json:"codec"`      // such as "PCMU/8000"
	RXLost    uint64    `json:"rx_lost"`    // packets that did not arrive here
	TXLost    uint64    `json:"tx_lost"`    // packets that the far end says did not arrive there
	Ringing   time.Time `json:"ringing,omitzero"`
	Answered  time.Time `json:"answered,omitzero"`
	Ended     time.Time `json:"ended,omitzero"` // zero while it lasts, or when the program was killed in it
	// Recordings are the files of the call.
	Recordings []string `json:"recordings,omitempty"`
}

// Query says which entries are wanted. The zero value is the last 100.
type Query struct {
	Last    int       // at most so many, the newest; 0 is 100, below 0 all
	Before  int64     // only entries with a smaller ID, for the next page; 0 is from the newest
	Type    *Type     // only those of a type
	Missed  bool      // short for the type Missed
	Account *int      // only those of an account
	Number  string    // only those with this user
	Since   time.Time // not those before
	Until   time.Time // not those from then on
}

// Log is an open call log. Its methods may be called from several goroutines.
type Log struct {
	db *sql.DB
}

// columns are ours, after MicroSIP's, which stand in create.
var columns = []string{
	"sipCallId text", "account integer", "remote text", "local text", "domain text", "diversion text", "code integer", "reason text",
	"codec text", "rxLost integer", "txLost integer", "ringing integer", "answered integer", "ended integer", "recordings text",
}

const create = `create table if not exists call_log(
	id integer primary key autoincrement, callId text unique, number text, name text,
	type integer, time integer, duration integer, info text)`

// Open opens the file, and makes it where it does not exist. The folder must exist.
func Open(ctx context.Context, path string) (*Log, error) {
	fail := func(err error) (*Log, error) { return nil, fmt.Errorf("calllog: %s: %w", path, err) }
	path, err := filepath.Abs(path)
	if err != nil {
		return fail(err)
	}
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/...
	}
	// WAL with this synchronous keeps what was committed when the process is killed, and
	// lets others read meanwhile. The cache need not hold more than some rows.
	name := (&url.URL{Scheme: "file", Path: slashed, RawQuery: "_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)" +
		"&_pragma=synchronous(normal)&_pragma=cache_size(-128)&_pragma=journal_size_limit(1048576)"}).String()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return fail(err)
	}
	db.SetMaxOpenConns(2) // one writes, one reads
	db.SetMaxIdleConns(1)
	l := &Log{db: db}
	if err := l.prepare(ctx); err != nil {
		return fail(errors.Join(err, db.Close()))
	}
	return l, nil
}

// prepare makes the table and the columns that it lacks.
func (l *Log) prepare(ctx context.Context) error {
	if _, err := l.db.ExecContext(ctx, create); err != nil {
		return err
	}
	rows, err := l.db.QueryContext(ctx, "select name from pragma_table_info('call_log')")
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return errors.Join(err, rows.Close())
		}
		have[strings.ToLower(name)] = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, column := range columns {
		name, _, _ := strings.Cut(column, " ")
		if have[strings.ToLower(name)] {
			continue
		}
		if _, err := l.db.ExecContext(ctx, "alter table call_log add column "+column); err != nil && !strings.Contains(err.Error(), "duplicate column") {
			return err
		}
	}
	return nil
}

// Close closes the file.
func (l *Log) Close() error { return l.db.Close() }

// Add writes a new call and returns its ID. The ID in e does not matter.
func (l *Log) Add(ctx context.Context, e Entry) (int64, error) {
	const insert = `insert into call_log(callId, number, name, type, time, duration, info,
		sipCallId, account, remote, local, domain, diversion, code, reason, codec, rxLost, txLost, ringing, answered, ended, recordings)
		values(?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) on conflict(callId) do nothing`
	callID := e.SIPCallID
	for n := 2; ; n++ {
		result, err := l.db.ExecContext(ctx, insert, append([]any{null(callID)}, values(e)...)...)
		if err != nil {
			return 0, fmt.Errorf("calllog: add a call: %w", err)
		}
		if added, err := result.RowsAffected(); err != nil || added > 0 {
			id, idErr := result.LastInsertId()
			return id, errors.Join(err, idErr)
		}
		if n > 100 {
			return 0, fmt.Errorf("calllog: the Call-ID %q is taken", e.SIPCallID)
		}
		// Both ends of a call to ourselves have one Call-ID; MicroSIP's column is unique.
		callID = fmt.Sprintf("%s#%d", e.SIPCallID, n)
	}
}

// null lets calls without a Call-ID be more than one.
func null(callID string) any {
	if callID == "" {
		return nil
	}
	return callID
}

// Update writes a call again that was added, all of it but what says which it is.
func (l *Log) Update(ctx context.Context, e Entry) error {
	const update = `update call_log set number=?, name=?, type=?, time=?, duration=?, info=?,
		sipCallId=?, account=?, remote=?, local=?, domain=?, diversion=?, code=?, reason=?, codec=?, rxLost=?, txLost=?,
		ringing=?, answered=?, ended=?, recordings=? where id=?`
	if _, err := l.db.ExecContext(ctx, update, append(values(e), e.ID)...); err != nil {
		return fmt.Errorf("calllog: update call %d: %w", e.ID, err)
	}
	return nil
}

func values(e Entry) []any {
	return []any{
		e.Number, e.Name, int(e.Type), e.Time.Unix(), e.DurationS, e.Info,
		e.SIPCallID, e.Account, e.Remote, e.Local, e.Domain, e.Diversion, e.Code, e.Reason, e.Codec, int64(e.RXLost), int64(e.TXLost),
		milliseconds(e.Ringing), milliseconds(e.Answered), milliseconds(e.Ended), strings.Join(e.Recordings, "\n"),
	}
}

func milliseconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// Trim removes all but the newest calls.
func (l *Log) Trim(ctx context.Context, keep int) error {
	const trim = `delete from call_log where id <= (select id from call_log order by id desc limit 1 offset ?)`
	if _, err := l.db.ExecContext(ctx, trim, keep); err != nil {
		return fmt.Errorf("calllog: remove old calls: %w", err)
	}
	return nil
}

// Find returns the entries that q asks for, the newest first.
func (l *Log) Find(ctx context.Context, q Query) ([]Entry, error) {
	text := `select id, coalesce(nullif(sipCallId, ''), callId, ''), coalesce(number, ''), coalesce(name, ''), coalesce(type, 0), coalesce(time, 0),
		coalesce(duration, 0), coalesce(info, ''), coalesce(account, 0), coalesce(remote, ''), coalesce(local, ''), coalesce(domain, ''),
		coalesce(diversion, ''), coalesce(code, 0), coalesce(reason, ''), coalesce(codec, ''), coalesce(rxLost, 0), coalesce(txLost, 0),
		ringing, answered, ended, coalesce(recordings, '') from call_log`
	var where []string
	var args []any
	add := func(condition string, arg any) {
		where = append(where, condition)
		args = append(args, arg)
	}
	if q.Before > 0 {
		add("id < ?", q.Before)
	}
	if q.Missed {
		add("type = ?", int(Missed))
	}
	if q.Type != nil {
		add("type = ?", int(*q.Type))
	}
	if q.Account != nil {
		add("coalesce(account, 0) = ?", *q.Account)
	}
	if q.Number != "" {
		add("number = ?", q.Number)
	}
	if !q.Since.IsZero() {
		add("time >= ?", q.Since.Unix())
	}
	if !q.Until.IsZero() {
		add("time < ?", q.Until.Unix())
	}
	if len(where) > 0 {
		text += " where " + strings.Join(where, " and ")
	}
	text += " order by id desc"
	switch {
	case q.Last == 0:
		text += " limit 100"
	case q.Last > 0:
		text += " limit ?"
		args = append(args, q.Last)
	}
	rows, err := l.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("calllog: %w", err)
	}
	defer rows.Close()
	list := []Entry{}
	for rows.Next() {
		var e Entry
		var at, rxLost, txLost int64
		var kind int
		var ringing, answered, ended sql.NullInt64
		var recordings string
		err := rows.Scan(&e.ID, &e.SIPCallID, &e.Number, &e.Name, &kind, &at, &e.DurationS, &e.Info, &e.Account, &e.Remote,
			&e.Local, &e.Domain, &e.Diversion, &e.Code, &e.Reason, &e.Codec, &rxLost, &txLost, &ringing, &answered, &ended, &recordings)
		if err != nil {
			return nil, fmt.Errorf("calllog: %w", err)
		}
		e.Type, e.Time, e.RXLost, e.TXLost = Type(kind), time.Unix(at, 0).UTC(), uint64(rxLost), uint64(txLost)
		e.Ringing, e.Answered, e.Ended = instant(ringing), instant(answered), instant(ended)
		if recordings != "" {
			e.Recordings = strings.Split(recordings, "\n")
		}
		list = append(list, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("calllog: %w", err)
	}
	return list, nil
}

func instant(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}
