package journal

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"switchyard"
)

// sprinkle sets some members of v, so that over many rounds each is seen set and unset beside the
// others in either state.
func sprinkle(r *rand.Rand, v reflect.Value) {
	if r.IntN(4) == 0 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		sprinkle(r, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				sprinkle(r, v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
		for i := range v.Len() {
			sprinkle(r, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(4) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			sprinkle(r, key)
			sprinkle(r, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(r.Uint64N(256))
		}
	case reflect.String:
		texts := []string{"ada", "", "tab\t \"quoted\" \\ / <&>", "ä\u2028\U0001f600", "\x00\x1f\x7f", "bad \xff\xc0", "\ufeff\ufffd"}
		v.SetString(texts[r.IntN(len(texts))])
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		numbers := []int64{1, -1, 1 << 40, 1_795_000_000_123, 951_782_400_000, 1<<63 - 1}
		if v.Type() == reflect.TypeFor[switchyard.Duration]() {
			numbers = []int64{1, 1000, 60_000, 3_600_000, 86_400_123}
		}
		v.SetInt(numbers[r.IntN(len(numbers))])
	case reflect.Uint64:
		v.SetUint(r.Uint64())
	case reflect.Uint8:
		v.SetUint(1 + r.Uint64N(2))
	case reflect.Float64:
		v.SetFloat(r.Float64())
	default:
		panic("sprinkle has no value for a " + v.Kind().String())
	}
}

// TestFastIsTheSameAsByReflection holds the writers of fast.go to the tags of the root package.
func TestFastIsTheSameAsByReflection(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	fast := 0
	compare := func(kind string, empty func() any) {
		t.Run(kind, func(t *testing.T) {
			for round := range 400 {
				v := empty()
				if round > 0 { // the first is all zero
					sprinkle(r, reflect.ValueOf(v).Elem())
				}
				var w, want writer
				if !w.fast(v) {
					return
				}
				want.marshal(v)
				if want.err != nil || w.err != nil || !bytes.Equal(w.b, want.b) {
					t.Fatalf("fast (%v)\n%s\nby reflection (%v)\n%s", w.err, w.b, want.err, want.b)
				}
			}
			fast++
		})
	}
	for kind, empty := range switchyard.Inputs {
		compare(kind, func() any { return empty() })
	}
	for kind, empty := range switchyard.Placed {
		compare(kind, func() any { return empty(switchyard.ID{}, "") })
	}
	if fast != 15 {
		t.Errorf("%d types are written fast, not 15: has one lost its case?", fast)
	}
}
