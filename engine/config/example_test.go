package config_test

import (
	"fmt"
	"os"

	"github.com/offhook-voip/offhook/engine/config"
)

// Flags win over variables, variables over the file; any of the three may be absent.
func ExampleLoad() {
	cfg, err := config.Load(config.Source{
		Path: "offhook.ini",
		Data: []byte(`
[Settings]
sourcePort = 5060
[Account]
server     = pbx.example.com
username   = 1001
password   = ${SALES_PASSWORD}
server-2   = pbx.example.com
username-2 = 1002
`),
		Env:   []string{"SALES_PASSWORD=open sesame", "OFFHOOK_TRANSPORT_2=tls"},
		Flags: []config.Flag{{Name: "--source-port", Value: "5070"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("port", cfg.Settings.SourcePort)
	for _, a := range cfg.Accounts {
		fmt.Printf("%d: %s at %s by %s, password %v\n", a.Number, a.Username, a.Server, a.Transport, a.Password)
	}
	// Output:
	// port 5070
	// 1: 1001 at pbx.example.com by udp, password ***
	// 2: 1002 at pbx.example.com by tls, password ***
}

// All mistakes are reported at once, each with its place.
func ExampleErrors() {
	_, err := config.Load(config.Source{
		Path:  "offhook.ini",
		Data:  []byte("[Settings]\nsorcePort = 5060\n[Account]\nusername-2 = 1002\ntransport = sctp\n"),
		Flags: []config.Flag{{Name: "vad", Value: "perhaps"}},
	})
	fmt.Println(err)
	// Output:
	// offhook.ini:2: [Settings] sorcePort: unknown key, the nearest is sourcePort
	// offhook.ini:4: [Account] username-2: account 2 has neither server nor domain
	// offhook.ini:5: [Account] transport: "sctp" is none of empty, udp, tcp and tls
	// --vad: "perhaps" is neither 0 nor 1
}

// A change touches the one line that it is about.
func ExampleFile_Set() {
	f, err := config.ParseFile("offhook.ini", []byte("; the office\n[Settings]\nsourcePort=5060\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Set("Settings", "sourcePort", "5070"))
	fmt.Println(f.Set("Settings", "sourcePort", "many"))
	_, _ = os.Stdout.Write(f.Bytes())
	// Output:
	// <nil>
	// offhook.ini:3: [Settings] sourcePort: "many" is not a whole number
	// ; the office
	// [Settings]
	// sourcePort=5070
}
