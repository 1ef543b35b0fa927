package vcc

import "switchyard"

// ReadInvoke reads the body of an invoke call as the endpoint does. An error refuses the whole call;
// what is wrong with one request alone stands in its Fault.
func ReadInvoke(body []byte) (*switchyard.Invoke, error) {
	if len(body) > switchyard.MaxBodyBytes {
		return nil, switchyard.Refuse(switchyard.Malformed, "the body has %d bytes, and at most %d are taken", len(body), switchyard.MaxBodyBytes)
	}
	return decodeInvoke(body)
}
