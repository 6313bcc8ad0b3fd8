// Winehello is a Windows program for the tests of package peers: it says what it was given, copies its standard input
// to the file that its second argument names, and waits for an interrupt when there is none.
package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	fmt.Printf("argument %s\n", os.Args[1])
	fmt.Printf("display %q\n", os.Getenv("DISPLAY"))
	if len(os.Args) == 2 {
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, os.Interrupt)
		fmt.Println("waiting")
		<-stop
		fmt.Println("interrupted")
		os.Exit(5)
	}
	b, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = os.WriteFile(os.Args[2], b, 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, "written")
	os.Exit(3)
}
