// Offhook is a headless SIP softphone: see offhook help.
package main

import "os"

func main() {
	os.Exit(execute(programArgs(programName(), os.Args[1:], oneText(os.Args[1:])), os.Stdout, os.Stderr))
}
