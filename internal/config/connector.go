package config

import (
	"switchyard/internal/core/plan"
	"switchyard/internal/extract"
)

// connectors checks of data connectors what the checker of plans cannot: that an HTTP request can be
// made of them, that their paths into the answer can be read, and when a host counts as down.
func (c *checker) connectors() {
	if set := c.doc.Settings.Connectors; set != nil {
		c.breaker("settings.connectors.breaker", set.Breaker)
	}
	for i := range c.doc.Plans {
		p := &c.doc.Plans[i]
		for _, name := range sortedKeys(p.Applets) {
			a, path := p.Applets[name], at(nth("plans", i)+".applets", name)
			if a.Type != plan.TypeDataConnector {
				continue
			}
			if a.URL != "" {
				if fault := c.targetURL(a.URL); fault != "" {
					c.fault(at(path, "url"), "%s", fault)
				}
			}
			for _, f := range headerFaults(a.Headers) {
				c.fault(path+"."+f.path, "%s", f.text)
			}
			for _, source := range sortedKeys(a.Result) {
				if err := extract.Check(a.Result[source]); err != nil && plan.IsResult(a.Result[source]) {
					c.fault(at(path+".result", source), "%s", err)
				}
			}
		}
	}
}
