package switchyard

// Limits of the contract and of the product. Every buffer, list and loop has one.
const (
	MaxBodyBytes         = 102_400   // a call of the contract (CONTRACT.md §2)
	MaxConfigBytes       = 8 << 20   // an account document
	MaxDrafts            = 20        // of one account
	MaxNoteRunes         = 2_000     // what a draft's author says of it
	MaxIDBytes           = 255       // requestid, externalid, provider
	MaxValueRunes        = 50        // clid, name, mediatype: Unicode code points
	MaxTimeoutSeconds    = 2_678_399 // expiryafter and the personal queue's timeouts: 31 days less a second
	MaxPlanSteps         = 1_000     // applets run for one interaction in one input
	MaxDataSourceBytes   = 16 << 10  // one data source
	MaxDataSourcesBytes  = 128 << 10 // all data sources of one interaction
	MaxExpressionBytes   = 4 << 10   // the expression of a rule
	MaxExpressions       = 1_000     // different expressions of one account document
	MaxExpressionCost    = 100_000   // of the expressions of one datarouter, as CEL counts: a few milliseconds
	MaxTimelineBodyBytes = 8 << 10   // what a timeline keeps of a request or an answer
	MaxReasonBytes       = 2 << 10   // the reason of one decision
	MaxRunnersUp         = 5         // agents named in a reason beside the chosen one
	MaxSweep             = 1_000     // interactions one input may change before it goes on as a sweep
	MaxSMSRecipients     = 100
	MaxEmailRecipients   = 100
	MaxTestCallers       = 1_000     // of one route
	DefaultMaxLive       = 5_000_000 // settings.maxlive
	MaxPageItems         = 1_000
	DefaultPageItems     = 100
)
