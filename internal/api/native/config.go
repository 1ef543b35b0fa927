package native

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/config"
	"switchyard/internal/core"
	"switchyard/internal/tables"
)

type documentOut struct {
	ETag string `header:"ETag" doc:"The version."`
	Body *switchyard.Account
}

// getConfig answers the document alone, so that what was got can be put again: credentials are
// masked, and a masked credential that is put stays what it was.
func (a *api) getConfig(ctx context.Context, c *call, _ *struct{}) (*documentOut, error) {
	doc, version, err := a.current(ctx, c.Account)
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, problem(switchyard.NotFound, "account %s has no config yet; PUT /v1/config makes one", c.Account)
	}
	return &documentOut{strconv.Quote(strconv.Itoa(version)), config.Mask(doc)}, nil
}

// current returns the published document in force and its version; nil before the first.
func (a *api) current(ctx context.Context, account string) (doc *switchyard.Account, version int, err error) {
	err = a.Engine.View(ctx, account, func(s *core.State, _ switchyard.Instant) {
		if conf := s.Config(); conf != nil && conf.Document != nil {
			doc, version = conf.Document, conf.Version
		}
	})
	return doc, version, err
}

// Published says what became of a document.
type Published struct {
	Version  int     `json:"version" doc:"The version in force."`
	Changed  bool    `json:"changed" doc:"False when the document says what the config says already; then there is no new version."`
	Warnings []Fault `json:"warnings,omitempty"`
}

type publishedOut struct{ Body Published }

func (a *api) putConfig(ctx context.Context, c *call, _ *struct{}) (*publishedOut, error) {
	if out, answered, err := a.answerAgain(ctx, c); err != nil || answered {
		return out, err
	}
	file, problems, err := a.readDocument(c)
	if err != nil {
		return nil, err
	}
	if config.Refused(problems) {
		return nil, invalid(problems)
	}
	defer a.publishing(c.Account)()
	if err := a.clientsFree(ctx, c.Account, file.Document); err != nil {
		return nil, err
	}
	out, err := a.publishDocument(ctx, c, file.Document, "api")
	if err != nil {
		return nil, orInvalid(file.Located(err))
	}
	out.Body.Warnings = faultsOf(problems)
	return out, nil
}

// readDocument reads and checks the document that was sent. Problems are of its meaning; an error
// says that it cannot be a document of this account at all.
func (a *api) readDocument(c *call) (*config.File, []config.Problem, error) {
	file, problems := config.ReadJSON(c.body)
	if file == nil {
		return nil, nil, illegible(c, problems)
	}
	if err := acceptable(c, file.Document); err != nil {
		return nil, nil, err
	}
	return file, file.Check(a.Rules), nil
}

// illegible refuses a body that cannot be read.
func illegible(c *call, problems []config.Problem) *Problem {
	p := invalid(problems)
	if !jsontext.Value(c.body).IsValid() {
		p = problem(switchyard.Malformed, "%s", p.Detail)
		p.Errors = faultsOf(problems)
	}
	return p
}

// acceptable refuses a document of another account, and one whose credentials stand elsewhere.
func acceptable(c *call, doc *switchyard.Account) error {
	if doc.Account != c.Account {
		return problem(switchyard.AccountMismatch,
			"the document is of account %q, the caller of %q; an account's document is put by its own callers", doc.Account, c.Account)
	}
	if found := config.HasReferences(doc); len(found) > 0 {
		p := problem(switchyard.SecretNotAllowed, "%s", found[0])
		p.Errors = faultsOf(found)
		return p
	}
	return nil
}

// invalid refuses a document with all that is wrong with it.
func invalid(problems []config.Problem) *Problem {
	p := problem(switchyard.ConfigInvalid, "the document is not used")
	p.Errors = faultsOf(problems)
	if len(p.Errors) > 0 {
		p.Detail = describe(p.Errors)
	}
	return p
}

// orInvalid refuses a document with the problems an error holds; another error stays what it is.
func orInvalid(err error) error {
	var problems config.Problems
	if errors.As(err, &problems) {
		return invalid(problems)
	}
	return err
}

func faultsOf(problems []config.Problem) []Fault {
	var out []Fault
	for _, p := range problems {
		text := p
		text.File, text.Line, text.Column, text.Path, text.Warning = "", 0, 0, "", false
		out = append(out, Fault{Path: p.Path, Text: text.String(), Line: p.Line, Column: p.Column, Warning: p.Warning})
	}
	return out
}

// clientsFree refuses client ids that another account of the server has (RULINGS 38).
func (a *api) clientsFree(ctx context.Context, account string, doc *switchyard.Account) error {
	for _, entry := range doc.Clients {
		if owner, taken := a.Directory.ClientAccount(entry.ID); taken && owner != account {
			return problem(switchyard.ClientIDTaken, "clients: another account of this server has a client %q; choose another id", entry.ID)
		}
	}
	return nil
}

// publishDocument makes a document the config, unless it is that already. a.publish is held.
func (a *api) publishDocument(ctx context.Context, c *call, doc *switchyard.Account, source string) (*publishedOut, error) {
	previous, version, err := a.current(ctx, c.Account)
	if err != nil {
		return nil, err
	}
	prepared, registers, err := config.Prepare(ctx, doc, previous, a.Key, a.Hasher)
	if err != nil {
		return nil, err
	}
	if config.Equal(prepared, previous) && c.key == "" {
		return &publishedOut{Published{Version: version}}, nil
	}
	return a.submitDocument(ctx, c, &switchyard.Publish{Document: *prepared, Source: source,
		TimeZones: config.TimeZones, Registers: registers})
}

// answerAgain answers a call that came before with its Idempotency-Key as the first time; what it asks
// is not prepared again then. The document submitted for it says nothing, and the core refuses it when
// the key has meanwhile become too old: then the call counts as new.
func (a *api) answerAgain(ctx context.Context, c *call) (out *publishedOut, answered bool, err error) {
	if c.key == "" {
		return nil, false, nil
	}
	err = a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) { answered = s.Answered(c.key, now) })
	if err != nil || !answered {
		return nil, false, err
	}
	out, err = a.submitDocument(ctx, c, &switchyard.Publish{})
	var refused *switchyard.Error
	if errors.As(err, &refused) && refused.Code == switchyard.AccountMismatch {
		return nil, false, nil
	}
	return out, true, err
}

func (a *api) submitDocument(ctx context.Context, c *call, in *switchyard.Publish) (*publishedOut, error) {
	answer, err := a.do(ctx, c, in)
	if err != nil {
		return nil, err
	}
	published, err := decodeAnswer[core.Published](answer)
	if err != nil {
		return nil, err
	}
	return &publishedOut{Published{Version: published.Version, Changed: published.Changed}}, nil
}

// publishing lets one document of the server be published at a time, because client ids are unique
// on it, and no password of the account be changed meanwhile: the document takes over the passwords
// it finds.
func (a *api) publishing(account string) (done func()) {
	passwords := a.passwordsOf(account)
	passwords.Lock()
	a.publish.Lock()
	return func() {
		a.publish.Unlock()
		passwords.Unlock()
	}
}

// passwordsOf is held for writing by who publishes a document of the account, and for reading by who
// changes a password.
func (a *api) passwordsOf(account string) *sync.RWMutex {
	lock, _ := a.passwords.LoadOrStore(account, new(sync.RWMutex))
	return lock.(*sync.RWMutex)
}

// Preview says what a document would do.
type Preview struct {
	Valid    bool     `json:"valid" doc:"It could be put."`
	Problems []Fault  `json:"problems"`
	Changes  []string `json:"changes" doc:"What becomes different, in words."`
	Impact
}

type previewOut struct{ Body Preview }

func (a *api) checkConfig(ctx context.Context, c *call, _ *struct{}) (*previewOut, error) {
	file, problems, err := a.readDocument(c)
	var refused *Problem
	if errors.As(err, &refused) && refused.Code != string(switchyard.Malformed) {
		return &previewOut{Preview{Problems: orSelf(refused), Changes: []string{}, Impact: Impact{Affected: []Affected{}}}}, nil
	}
	if err != nil {
		return nil, err
	}
	out := &previewOut{}
	out.Body, err = a.preview(ctx, c, file.Document, problems, file.Located)
	return out, err
}

// preview says what a document with these problems would do, were it published now. located tells where
// in what was sent a problem is.
func (a *api) preview(ctx context.Context, c *call, doc *switchyard.Account, problems []config.Problem, located func(error) error) (Preview, error) {
	out := Preview{Valid: !config.Refused(problems), Problems: append([]Fault{}, faultsOf(problems)...),
		Changes: []string{}, Impact: Impact{Affected: []Affected{}}}
	previous, _, err := a.current(ctx, c.Account)
	if err != nil || !out.Valid {
		return out, err
	}
	var refused *Problem
	err = a.clientsFree(ctx, c.Account, doc)
	if err == nil {
		var prepared *switchyard.Account
		if prepared, _, err = config.Prepare(ctx, doc, previous, a.Key, a.Hasher); err == nil {
			out.Changes = append(out.Changes, config.Diff(previous, prepared)...)
			out.Impact, err = a.affected(ctx, c, previous, prepared)
		}
	}
	if errors.As(orInvalid(located(err)), &refused) {
		out.Valid, out.Problems = false, append(out.Problems, orSelf(refused)...)
		return out, nil
	}
	return out, err
}

// orSelf lists the faults of a problem, or its detail when it has no list.
func orSelf(p *Problem) []Fault {
	if len(p.Errors) > 0 {
		return p.Errors
	}
	return []Fault{{Text: p.Detail}}
}

// ConfigVersion is one version of the config.
type ConfigVersion struct {
	Version  int                 `json:"version"`
	At       switchyard.Instant  `json:"at" format:"date-time"`
	By       string              `json:"by"`
	Source   string              `json:"source" doc:"file:<name>, api, draft <id>: <name>, or rollback to <version>."`
	Document *switchyard.Account `json:"document,omitempty" doc:"Credentials masked; only when one version is asked for."`
}

type (
	configList struct{ Body List[ConfigVersion] }
	configOut  struct{ Body ConfigVersion }
	byVersion  struct {
		Version string `path:"version" example:"3"`
	}
	rollbackIn struct{ Body Rollback }
)

// Rollback is the body that names the version to go back to.
type Rollback struct {
	Version int `json:"version" minimum:"1"`
}

func (a *api) listConfigs(ctx context.Context, c *call, in *Page) (*configList, error) {
	before := 0
	if in.Cursor != "" {
		var err error
		if before, err = strconv.Atoi(in.Cursor); err != nil || before < 1 {
			return nil, badCursor(in.Cursor)
		}
	}
	found, err := a.Engine.Configs(ctx, c.Account, before, in.limit())
	if err != nil {
		return nil, err
	}
	out := &configList{List[ConfigVersion]{Items: []ConfigVersion{}}}
	for _, v := range found {
		out.Body.Items = append(out.Body.Items, ConfigVersion{Version: v.Version, At: v.At, By: v.By, Source: v.Source})
	}
	if len(found) == in.limit() {
		out.Body.Next = strconv.Itoa(found[len(found)-1].Version)
	}
	return out, nil
}

func (a *api) getConfigVersion(ctx context.Context, c *call, in *byVersion) (*configOut, error) {
	version, err := strconv.Atoi(in.Version)
	if err != nil {
		return nil, problem(switchyard.NotFound, "%q is no version; versions are whole numbers from 1", in.Version)
	}
	found, doc, err := a.pastConfig(ctx, c.Account, version)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, problem(switchyard.NotFound, "the account has no config version %d", version)
	}
	return &configOut{ConfigVersion{found.Version, found.At, found.By, found.Source, config.Mask(doc)}}, nil
}

// rollbackConfig publishes a past document again, with today's passwords and client secrets.
func (a *api) rollbackConfig(ctx context.Context, c *call, in *rollbackIn) (*publishedOut, error) {
	if out, answered, err := a.answerAgain(ctx, c); err != nil || answered {
		return out, err
	}
	found, past, err := a.pastConfig(ctx, c.Account, in.Body.Version)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, problem(switchyard.ConfigVersionUnknown, "body.version: the account has no config version %d", in.Body.Version)
	}
	defer a.publishing(c.Account)()
	if err := a.clientsFree(ctx, c.Account, past); err != nil {
		return nil, err
	}
	current, _, err := a.current(ctx, c.Account)
	if err != nil {
		return nil, err
	}
	out, err := a.publishDocument(ctx, c, config.Rollback(past, current), "rollback to "+strconv.Itoa(in.Body.Version))
	return out, orInvalid(err)
}

// pastConfig returns a version of the config, nil when there is none of this number.
func (a *api) pastConfig(ctx context.Context, account string, version int) (*tables.Config, *switchyard.Account, error) {
	found, err := a.Engine.Config(ctx, account, version)
	if err != nil || found == nil {
		return nil, nil, err
	}
	doc := new(switchyard.Account)
	return found, doc, json.Unmarshal(found.Document, doc)
}
