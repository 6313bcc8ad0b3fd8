package config

import "github.com/offhook-voip/offhook/pjsua/secret"

// Secret is a text that must not be printed.
type Secret = secret.Text

// NewSecret returns text as a secret.
func NewSecret(text string) Secret { return secret.New(text) }

// redacted is what stands for a secret in everything that is printed.
const redacted = secret.Redacted
