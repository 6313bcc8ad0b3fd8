// Package config reads and writes Offhook's configuration: one INI file with the
// key names of MicroSIP, overridden by environment variables, overridden by
// command-line flags.
//
//	[Settings]
//	sourcePort = 5060
//
//	[Account]
//	server     = pbx.example.com
//	username   = 1001
//	password   = ${SALES_PASSWORD}
//	server-2   = pbx.example.com
//	username-2 = 1002
//	password_file-2 = /run/secrets/1002
//
// [Load] gives a [Config] or reports every mistake at once as [Errors], each with
// its file and line, or with its flag or variable. [Check] gives both, in the form
// that "offhook config check" prints. [Keys] is the table of all keys, from which
// flags are registered and docs/config.md is generated. [File] edits a file in
// place: lines that were not changed stay byte for byte what they were.
//
// The text is read by gopkg.in/ini.v1 with everything off that would change a
// value: inline comments, continuation lines, interpolation. A value is one line,
// without the white space around it and without one layer of double quotes.
//
// The package knows nothing of SIP stacks: it checks the form of a value, never
// whether a host answers or a sound file can be played.
package config
