package demo

import "strings"

// curlLines are the contract's examples, ready to paste into a shell.
const curlLines = `Paste these into another terminal:

  # a token for the CRM (client crm, secret CRM-SECRET)
  TOKEN=$(curl -s SERVER/Auth/connect/token -d grant_type=client_credentials -d client_id=crm \
    -d client_secret=CRM-SECRET -d scope=interactions:write | sed 's/.*"access_token":"\([^"]*\)".*/\1/')

  # register a provider
  curl -s SERVER/interactions/register -H "Authorization: Bearer $TOKEN" \
    -H 'Accept: application/vnd.newvoicemedia.v1+json' -H 'Content-Type: application/json' \
    -d '{"provider":"CrmIntegration","agentactionspermitted":{"release":1,"hold":1}}'

  # dispatch an interaction to an agent nobody here plays: you
  curl -s SERVER/interactions/invoke -H "Authorization: Bearer $TOKEN" \
    -H 'Accept: application/vnd.newvoicemedia.v1+json' -H 'Content-Type: application/json' -H 'Prefer: return=representation' \
    -d '{"provider":"CrmIntegration","requests":[{"requestid":"8762187187","externalid":"ObjectId_001","route":"Cases","linkeddata":[{"type":"clid","value":"+44123456789"},{"type":"url","label":"Click me","value":"https://developer.example.com"}],"routingdata":{"interactiontype":"nonlive","personalqueue":{"agent":"you","loggedintimeout":3600,"loggedouttimeout":3600},"skills":[{"name":"billing"},{"name":"german","expiryafter":60}]}}]}'

  # see where it is (client desk, secret DESK-SECRET), and why
  DESK=$(curl -s SERVER/Auth/connect/token -d grant_type=client_credentials -d client_id=desk \
    -d client_secret=DESK-SECRET -d 'scope=interactions:read' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -s 'SERVER/v1/interactions?externalid=ObjectId_001' -H "Authorization: Bearer $DESK"

  # take it back; [] says that nothing failed
  curl -s SERVER/interactions/invoke -H "Authorization: Bearer $TOKEN" \
    -H 'Accept: application/vnd.newvoicemedia.v1+json' -H 'Content-Type: application/json' \
    -d '{"provider":"CrmIntegration","requests":[{"action":"release","externalid":"ObjectId_001"}]}'
`

// Lines are commands that show the contract on the demo's server, ready to paste.
func (d *Demo) Lines() string {
	return strings.NewReplacer("SERVER", d.Server, "CRM-SECRET", d.Secrets.CRM, "DESK-SECRET", d.Secrets.Desk).Replace(curlLines)
}
