// Offhook is a headless SIP softphone: see offhook help.
package main

import "os"

func main() {
	os.Exit(execute(programArgs(os.Args[0], os.Args[1:]), os.Stdout, os.Stderr))
}
