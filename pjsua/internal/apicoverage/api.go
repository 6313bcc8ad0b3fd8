package main

import (
	"fmt"
	"slices"
	"strings"
)

// The structs whose fields are rows, in the order of the page. The last four are parts
// of configurations: a configuration is only covered when they are.
var structs = []string{
	"pjsua_config", "pjsua_logging_config", "pjsua_media_config", "pjsua_acc_config", "pjsua_transport_config",
	"pjsua_call_setting", "pjsua_call_info", "pjsua_msg_data", "pjsua_buddy_config",
	"pjsip_tls_setting", "pjsua_ice_config", "pjsua_turn_config", "pjsua_srtp_opt",
}

const callbackStruct = "pjsua_callback"

// api is what pjsua.h declares.
type api struct {
	functions []string            // in the order of the header
	fields    map[string][]string // struct -> fields
}

func readAPI(c *clang) (*api, error) {
	a := &api{fields: map[string][]string{}}
	for _, filter := range []string{"pjsua_", "pjsip_tls_setting"} {
		nodes, err := c.header(filter)
		if err != nil {
			return nil, err
		}
		for _, n := range nodes {
			switch {
			case n.Kind == "FunctionDecl" && strings.HasPrefix(n.Name, "pjsua_"):
				if !slices.Contains(a.functions, n.Name) {
					a.functions = append(a.functions, n.Name)
				}
			case n.Kind == "RecordDecl" && n.Complete && (n.Name == callbackStruct || slices.Contains(structs, n.Name)):
				a.fields[n.Name] = nil
				for _, f := range n.Inner {
					if f.Kind == "FieldDecl" && f.Name != "" {
						a.fields[n.Name] = append(a.fields[n.Name], f.Name)
					}
				}
			}
		}
	}
	for _, s := range append(structs, callbackStruct) {
		if len(a.fields[s]) == 0 {
			return nil, fmt.Errorf("pjsua.h has no fields of %s: what was read?", s)
		}
	}
	if len(a.functions) < 200 {
		return nil, fmt.Errorf("pjsua.h has only %d functions: what was read?", len(a.functions))
	}
	return a, nil
}

// areas of functions, in the order of the page.
var areas = []string{"Base", "SIP transports", "Accounts", "Calls", "Presence and IM", "Audio", "Video"}

// area returns the area of a function, by the words of its name; pjsua.h keeps to them.
func area(name string) string {
	name = strings.TrimPrefix(name, "pjsua_")
	for _, rule := range []struct{ area, words string }{
		{"SIP transports", "transport tpfactory enum_transports"},
		{"Accounts", "acc enum_accs srtp_opt ice_config turn_config"},
		{"Calls", "call enum_calls"},
		{"Presence and IM", "buddy enum_buddies get_buddy_count pres im"},
		{"Video", "vid"},
		{"Audio", "media_config_default snd conf player playlist recorder avi aud enum_aud_devs enum_snd_devs enum_conf_ports " +
			"enum_codecs codec set_ec get_ec_tail get_ec_stat get_snd_dev get_snd_dev2 set_snd_dev set_snd_dev2 set_null_snd_dev " +
			"set_no_snd_dev ext_snd"},
	} {
		for _, word := range strings.Fields(rule.words) {
			if name == word || strings.HasPrefix(name, word+"_") {
				return rule.area
			}
		}
	}
	return "Base"
}
