package vcc

import (
	"net/http"
	"strings"
)

// headerFault is a refusal of a request's headers.
type headerFault struct {
	status  int
	message string
}

// checkHeaders looks at Accept, then at Content-Type.
func checkHeaders(h http.Header) *headerFault {
	switch acceptedVersion(h.Values("Accept")) {
	case versionNone:
		return &headerFault{http.StatusBadRequest, "Version missing from Accept header!"}
	case versionOther:
		return &headerFault{http.StatusBadRequest, "Invalid api-version! Valid values: 1"}
	}
	if media, _, _ := strings.Cut(h.Get("Content-Type"), ";"); !isMedia(media, "application/json") {
		return &headerFault{http.StatusUnsupportedMediaType, "Content-Type must be application/json"}
	}
	return nil
}

type version int

const (
	versionNone version = iota
	versionOther
	versionOne
)

// The media types of the contract: its version is part of the name.
const (
	mediaVersionOne = "application/vnd.newvoicemedia.v1+json"
	mediaVersion    = "application/vnd.newvoicemedia.v"
)

// acceptedVersion finds the version that the Accept headers name: version 1 if any of the media
// types listed does.
func acceptedVersion(headers []string) version {
	found := versionNone
	for _, header := range headers {
		for media := range strings.SplitSeq(header, ",") {
			media, _, _ = strings.Cut(media, ";")
			if isMedia(media, mediaVersionOne) {
				return versionOne
			}
			media = strings.Trim(media, " \t")
			if len(media) > len(mediaVersion) && isMedia(media[:len(mediaVersion)], mediaVersion) {
				found = versionOther
			}
		}
	}
	return found
}

// isMedia compares a media type, with spaces about it, without case.
func isMedia(text, media string) bool {
	return strings.EqualFold(strings.Trim(text, " \t"), media)
}

// expectsContinue reports whether the client asked before sending its body.
func expectsContinue(h http.Header) bool {
	return strings.EqualFold(strings.TrimSpace(h.Get("Expect")), "100-continue")
}

// wantsRepresentation reports whether the client prefers the whole of what became of its requests
// (RFC 7240: return=representation). Of a preference given twice the first counts.
func wantsRepresentation(h http.Header) bool {
	for _, header := range h.Values("Prefer") {
		for preference := range strings.SplitSeq(header, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			name, value, _ := strings.Cut(preference, "=")
			if strings.EqualFold(strings.Trim(name, " \t"), "return") {
				return strings.EqualFold(strings.Trim(value, " \t\""), "representation")
			}
		}
	}
	return false
}
