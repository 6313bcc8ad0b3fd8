package serve

import (
	"maps"
	"slices"
	"strings"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/config"
)

// accountConfig reads an account's keys as the configuration reads those of account 1.
// Account 1 alone, so that the number does not matter to what is checked.
func accountConfig(req api.AccountRequest) (config.Account, error) {
	flags := map[string]string{} // by the name of the key
	for _, k := range config.Keys() {
		if k.Scope == config.AccountScope && k.Flag != "" {
			flags[strings.ToLower(k.Name)] = k.Flag
		}
	}
	src := config.Source{}
	var faults []api.Fault
	for _, name := range slices.Sorted(maps.Keys(req.Keys)) {
		flag, ok := flags[strings.ToLower(name)]
		if !ok {
			faults = append(faults, api.Fault{Location: "body.keys." + name, Message: "is no key of an account"})
			continue
		}
		src.Flags = append(src.Flags, config.Flag{Name: flag, Value: req.Keys[name]})
	}
	checked := config.Check(src)
	for _, p := range checked.Errors {
		faults = append(faults, api.Fault{Location: "body.keys." + strings.TrimPrefix(p.Key, "--"), Message: p.Message})
	}
	if len(faults) > 0 {
		return config.Account{}, badRequest(faults)
	}
	a, ok := checked.Config.Account(1)
	if !ok {
		return a, badRequest([]api.Fault{{Location: "body.keys", Message: "has none of server, domain and username"}})
	}
	return a, nil
}
