package plan

import (
	"fmt"
	"reflect"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	celop "cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"

	"switchyard"
)

// The variables of an expression.
const (
	dataVariable = "data" // data source → text; a missing name is ""
	nowVariable  = "now"  // the instant of the input
)

// What keeps an expression's cost bounded before it is known at run time.
const (
	estimatedDataBytes = 200 // of a data source, when the checker estimates
	maxLiteralRunes    = 100 // of a text that costs as often as another is long
	maxLoopsNested     = 2
	maxRegexSteps      = 150
	maxWhenFaults      = 3 // told of one expression
)

// condition is the expression of a rule, in CEL, ready to be evaluated. With faults it is not.
type condition struct {
	program cel.Program
	faults  []string
}

// conditions makes the expressions of one config version ready, each once.
type conditions struct {
	env    *cel.Env // nil until the first
	byText map[string]*condition
}

// compile makes an expression ready. Beyond MaxExpressions of one account they are faults unseen: a
// document must not cost more than its size.
func (c *conditions) compile(text string) *condition {
	if known := c.byText[text]; known != nil {
		return known
	}
	if c.env == nil {
		c.env, c.byText = newEnvironment(), map[string]*condition{}
	}
	made := &condition{}
	switch {
	case len(text) > switchyard.MaxExpressionBytes:
		made.faults = []string{fmt.Sprintf("the expression is longer than %d bytes", switchyard.MaxExpressionBytes)}
	case len(c.byText) == switchyard.MaxExpressions:
		return &condition{faults: []string{fmt.Sprintf("the account has more than %d expressions", switchyard.MaxExpressions)}}
	default:
		made.program, made.faults = program(c.env, text)
	}
	c.byText[text] = made
	return made
}

// newEnvironment says what expressions may use: the standard functions of CEL and those for texts,
// of the version named, so that a newer library cannot change what they mean.
func newEnvironment() *cel.Env {
	env, err := cel.NewEnv(
		cel.Variable(dataVariable, cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable(nowVariable, cel.TimestampType),
		ext.Strings(ext.StringsVersion(5)),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals(),
			cel.ValidateRegexProgramSizeLimit(maxRegexSteps), cel.ValidateComprehensionNestingLimit(maxLoopsNested)),
	)
	if err != nil {
		panic("plan: environment of expressions: " + err.Error())
	}
	return env
}

func program(env *cel.Env, text string) (cel.Program, []string) {
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		w := words{text: text}
		for _, e := range issues.Errors() {
			w.say(e.Location.Line(), e.Location.Column(), strings.TrimSuffix(e.Message, " (in container '')"))
		}
		return nil, w.said
	}
	if t := checked.OutputType(); t.Kind() != types.BoolKind {
		return nil, []string{fmt.Sprintf("the expression gives %s; it must give bool: true where the rule matches", t)}
	}
	if faults := unbounded(checked, text); faults != nil {
		return nil, faults
	}
	estimate, err := env.EstimateCost(checked, sizes{})
	if err != nil {
		return nil, []string{"its cost cannot be estimated: " + err.Error()}
	}
	if dearest := estimate.Max; dearest != unknownCost && dearest > switchyard.MaxExpressionCost {
		return nil, []string{fmt.Sprintf("the expression costs up to %d with data sources of %d bytes; the limit is %d: "+
			"take a loop out, or look at less text", dearest, estimatedDataBytes, switchyard.MaxExpressionCost)}
	}
	made, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(switchyard.MaxExpressionCost))
	if err != nil {
		return nil, []string{err.Error()}
	}
	return made, nil
}

// words are the faults of an expression with their places in it.
type words struct {
	text string
	said []string
}

// say adds a fault; line counts from 1 and column from 0, as CEL does.
func (w *words) say(line, column int, text string) {
	if len(w.said) == maxWhenFaults {
		return
	}
	at := fmt.Sprintf("column %d", column+1)
	if strings.Contains(strings.TrimRight(w.text, "\n"), "\n") {
		at = fmt.Sprintf("line %d, %s", line, at)
	}
	w.said = append(w.said, fmt.Sprintf("%s of the expression: %s", at, text))
}

// unknownCost is what CEL estimates when it cannot tell.
const unknownCost = 1<<64 - 1

// sizes tells CEL how long data sources are taken to be.
type sizes struct{}

func (sizes) EstimateSize(element cost.AstNode) *cost.SizeEstimate {
	if path := element.Path(); len(path) > 1 && path[0] == dataVariable {
		return &cost.SizeEstimate{Max: estimatedDataBytes}
	}
	return nil
}

func (sizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

// literals are the functions of which a text must be written out and short, with the numbers of
// those arguments: CEL counts a call's cost after it was made, and these cost, or make, as much as
// one text is long times the other.
var literals = map[string][]int{"matches": {0}, "replace": {0, 1}, "indexOf": {0}, "lastIndexOf": {0}, "join": {0}}

// unbounded finds what could give other results elsewhere, or cost more than may be seen in time:
// maps have no order, so nothing may go through one; the names of time zones mean what the machine's
// own tables say.
func unbounded(checked *cel.Ast, text string) []string {
	tree := checked.NativeRep()
	w := words{text: text}
	fault := func(e ast.Expr, format string, args ...any) {
		at := tree.SourceInfo().GetStartLocation(e.ID())
		w.say(at.Line(), at.Column(), fmt.Sprintf(format, args...))
	}
	asked := map[int64]bool{} // uses of data that ask for a name
	const askHow = "data gives the value of a name: data.Team or data[\"Case Owner\"]; a missing one is \"\""
	ast.PreOrderVisit(ast.NavigateAST(tree), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			if s := e.AsSelect(); !s.IsTestOnly() {
				asked[s.Operand().ID()] = true
			}
		case ast.IdentKind:
			if e.AsIdent() == dataVariable && !asked[e.ID()] {
				fault(e, askHow)
			}
		case ast.ComprehensionKind:
			over := e.AsComprehension().IterRange()
			if isData := over.Kind() == ast.IdentKind && over.AsIdent() == dataVariable; tree.GetType(over.ID()).Kind() != types.ListKind && !isData {
				fault(over, "only lists can be gone through; a map has no order")
			}
		case ast.CallKind:
			call := e.AsCall()
			args := call.Args()
			switch name := call.FunctionName(); {
			case name == celop.Index:
				asked[args[0].ID()] = true
			case name == "format":
				fault(e, "format is not known here; join texts with +")
			case strings.HasPrefix(name, "get") && call.IsMemberFunction() && len(args) == 1 && !isOffset(args[0]):
				fault(args[0], "write the time zone as an offset from UTC such as \"+01:00\"; "+
					"the clock of a place is for a schedulerouter")
			case name == "matches" && !call.IsMemberFunction() && len(args) == 2:
				args = args[1:]
				fallthrough
			default:
				for _, n := range literals[name] {
					if n < len(args) && !isShort(args[n]) {
						fault(args[n], "this text of %s must be written out, \"...\", with at most %d characters: "+
							"the cost could not be bounded otherwise", name, maxLiteralRunes)
					}
				}
			}
		}
	}))
	return w.said
}

// isShort reports whether an argument is written out and short.
func isShort(e ast.Expr) bool {
	if e.Kind() != ast.LiteralKind {
		return false
	}
	text, is := e.AsLiteral().(types.String)
	return is && len([]rune(string(text))) <= maxLiteralRunes
}

// isOffset reports whether a time zone is written as an offset: +01:00.
func isOffset(e ast.Expr) bool {
	if !isShort(e) {
		return false
	}
	sign, rest := "", string(e.AsLiteral().(types.String))
	if rest != "" {
		sign, rest = rest[:1], rest[1:]
	}
	hours, minutes, _ := strings.Cut(rest, ":")
	return (sign == "+" || sign == "-") && len(hours) == 2 && len(minutes) == 2 && digits(hours+minutes) &&
		hours < "24" && minutes < "60"
}

// matches evaluates the expression and adds its cost to what those before it took. One that fails
// does not match, and tells why.
func (x *condition) matches(c Context, spent *uint64) (match bool, fault string) {
	if *spent > switchyard.MaxExpressionCost {
		return false, "the expressions before it cost too much"
	}
	value, details, err := x.program.Eval(&input{c})
	if cost := details.ActualCost(); details != nil && cost != nil {
		*spent += *cost
	}
	if err != nil {
		const most = 200 // characters that the timeline keeps
		return false, cut(err.Error(), most)
	}
	match, _ = value.Value().(bool)
	return match, ""
}

// input is what an expression reads: CEL calls it an activation.
type input struct{ Context }

func (x *input) Parent() cel.Activation { return nil }

func (x *input) ResolveName(name string) (any, bool) {
	switch name {
	case dataVariable:
		return data{x.Env}, true
	case nowVariable:
		return types.Timestamp{Time: x.Now.Time()}, true
	}
	return nil, false
}

// data is the data sources of an interaction as a map that can be asked for names only; the checker
// lets nothing else be done with it. It is a Mapper of CEL without what goes over all of a map.
type data struct{ env Env }

var _ traits.Mapper = data{}

// Find gives the value of a name, without case; that of a missing one is empty.
func (d data) Find(name ref.Val) (ref.Val, bool) {
	text, is := name.(types.String)
	if !is {
		return types.MaybeNoSuchOverloadErr(name), false
	}
	value, _ := d.env.Value(string(text))
	return types.String(value), true
}

func (d data) Get(name ref.Val) ref.Val {
	value, _ := d.Find(name)
	return value
}

func (d data) Type() ref.Type { return types.MapType }
func (d data) Value() any     { return d }

func (d data) Contains(ref.Val) ref.Val { return noWhole() }
func (d data) Equal(ref.Val) ref.Val    { return noWhole() }
func (d data) Iterator() traits.Iterator {
	return types.NewRefValList(types.DefaultTypeAdapter, nil).Iterator()
}
func (d data) Size() ref.Val                  { return noWhole() }
func (d data) ConvertToType(ref.Type) ref.Val { return noWhole() }
func (d data) ConvertToNative(to reflect.Type) (any, error) {
	return nil, fmt.Errorf("data cannot be a %v", to)
}

func noWhole() ref.Val { return types.NewErr("data gives the value of a name and nothing else") }
