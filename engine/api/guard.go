package api

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// who is behind a request.
type who struct {
	name  string // of the token, "local" on a socket
	scope Scope
}

type whoKey struct{}

// guard refuses what must not reach a handler: requests of web pages, of strangers, and
// too many of them. local is the listener on a socket, where permissions of the file say
// who may connect.
func (s *Server) guard(local bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.cfg.Answered != nil {
			told := &toldWriter{ResponseWriter: w, tell: func(status int) { s.cfg.Answered(r.Method, status) }}
			defer told.end()
			w = told
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if err := s.fromWebPage(r); err != nil {
			s.refuse(w, r, err)
			return
		}
		id := who{name: "local", scope: ScopeAdmin}
		if !local {
			var err *Error
			if id, err = s.authenticate(w, r); err != nil {
				s.refuse(w, r, err)
				return
			}
		}
		if err := s.bound(w, r); err != nil {
			s.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), whoKey{}, id)))
	})
}

// fromWebPage says that a browser sent the request for a page, or that its host is a name
// that somebody else may have given our address: a web page must not be able to dial.
func (s *Server) fromWebPage(r *http.Request) *Error {
	site := r.Header.Get("Sec-Fetch-Site")
	if r.Header.Get("Origin") != "" || r.Header.Get("Referer") != "" || site != "" && site != "none" {
		return Errorf(http.StatusForbidden, CodeForbidden, "requests of web pages are refused")
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "localhost" || slices.Contains(s.hosts, host) {
		return nil
	}
	// A name can be pointed at this machine by whoever owns it, an address cannot.
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	return Errorf(http.StatusForbidden, CodeForbidden, "the host %q is not this API's: see apiHosts", host)
}

// authenticate finds the token of a request that came by TCP.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request) (who, *Error) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		text = ""
	}
	found, ok := s.cfg.Tokens.find(strings.TrimSpace(text))
	bucket := "token " + found.name
	if !ok {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = r.RemoteAddr
		}
		bucket = "address " + host
	}
	if wait, allowed := s.limiter.allow(bucket); !allowed {
		w.Header().Set("Retry-After", fmt.Sprint(int(math.Ceil(max(wait.Seconds(), 1)))))
		return who{}, Errorf(http.StatusTooManyRequests, CodeTooMany, "more than %g requests in a second", s.limiter.rate)
	}
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer realm="offhook"`)
		return who{}, Errorf(http.StatusUnauthorized, CodeUnauthorized, "a token is needed: Authorization: Bearer TOKEN")
	}
	return who{found.name, found.scope}, nil
}

// allowed says whether the sender of a request has a scope.
func allowed(ctx context.Context, need Scope) *Error {
	id, _ := ctx.Value(whoKey{}).(who)
	if id.scope < need {
		return Errorf(http.StatusForbidden, CodeForbidden, "this needs a token of the scope %s, and %s has %s", need, id.name, id.scope)
	}
	return nil
}

// refuse answers with an error, and logs who was refused what; never the token.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err *Error) {
	s.log.Debug("refused", "remote", r.RemoteAddr, "method", r.Method, "path", r.URL.Path, "status", err.Status, "why", err.Detail)
	writeError(w, err)
}

func writeError(w http.ResponseWriter, err *Error) {
	w.Header().Set("Content-Type", err.ContentType(""))
	w.WriteHeader(err.Status)
	// The sender may have gone.
	_ = json.NewEncoder(w).Encode(err)
}
