package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// wish is a kind of interaction customers send.
type wish struct {
	weight int
	route  string
	class  string
	names  []string
	skills []skill
	tier   string
}

type skill struct {
	Name        string `json:"name"`
	ExpiryAfter *int   `json:"expiryafter,omitempty"`
}

func seconds(n int) *int { return &n }

var wishes = []wish{
	{30, "Cases", "nonlive", []string{"Parcel lost", "Wrong size", "Address change"}, []skill{{"english", nil}}, ""},
	{15, "Cases", "nonlive", []string{"Invoice unclear", "Refund missing"}, []skill{{"billing", nil}, {"german", seconds(8)}}, ""},
	{12, "Cases", "nonlive", []string{"Router blinks red", "No sync"}, []skill{{"technical", nil}, {"english", seconds(0)}}, ""},
	{20, "Chats", "chat", []string{"Chat from the web", "Chat from the app"}, []skill{{"english", seconds(10)}}, ""},
	{6, "Chats", "chat", []string{"Chat en français"}, []skill{{"french", seconds(12)}}, ""},
	{10, "Callbacks", "live", []string{"Call me about an offer"}, []skill{{"english", nil}}, "silver"},
	{5, "Callbacks", "live", []string{"Gold customer calls back"}, []skill{{"premium", seconds(15)}}, "gold"},
}

// customers sends interactions at random moments, about two a second at speed 1.
func (d *Demo) customers(ctx context.Context) {
	started := time.Now().UnixMilli()
	for n := 1; pause(ctx, time.Duration(rand.ExpFloat64()*float64(450*time.Millisecond)/d.Speed)); n++ {
		if n%25 == 0 {
			d.send(ctx, note(n))
			continue
		}
		d.send(ctx, choose().request(fmt.Sprintf("%d-%d", started, n)))
	}
}

// send posts one interaction. What a demo's customer cannot send is lost, as in life.
func (d *Demo) send(ctx context.Context, request map[string]any) {
	body, err := json.Marshal(map[string]any{"provider": provider, "requests": []any{request}})
	if err == nil {
		_, err = d.crm.Contract(ctx, "/interactions/invoke", body, false)
	}
	if err == nil {
		d.watch.sent()
	}
}

func choose() wish {
	sum := 0
	for _, w := range wishes {
		sum += w.weight
	}
	at := rand.IntN(sum)
	for _, w := range wishes {
		if at -= w.weight; at < 0 {
			return w
		}
	}
	return wishes[0]
}

func (w wish) request(id string) map[string]any {
	name := w.names[rand.IntN(len(w.names))]
	linked := []map[string]any{
		{"type": "name", "value": name},
		{"type": "clid", "value": fmt.Sprintf("+44 20 7946 0%03d", rand.IntN(1000))},
		{"type": "url", "label": "Open in CRM", "value": "https://crm.example.com/" + strings.ToLower(w.route) + "/" + id},
	}
	if w.tier != "" {
		linked = append(linked, map[string]any{"type": "interactionproperty", "key": "Tier", "value": w.tier})
	}
	return map[string]any{"requestid": "demo-" + id, "externalid": id, "route": w.route, "linkeddata": linked,
		"routingdata": map[string]any{"interactiontype": w.class, "skills": w.skills}}
}

// note is a message to a customer: a plan that needs nobody.
func note(n int) map[string]any {
	property := func(key, value string) map[string]any {
		return map[string]any{"type": "interactionproperty", "key": key, "value": value}
	}
	return map[string]any{"route": "SendSMS", "linkeddata": []any{
		property("ToNum", "07700900123"), property("Message", fmt.Sprintf("Your case %d is being looked at.", n))}}
}
