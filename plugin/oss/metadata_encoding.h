#ifndef PENSTOCK_PLUGIN_OSS_METADATA_ENCODING_H_
#define PENSTOCK_PLUGIN_OSS_METADATA_ENCODING_H_

// User metadata as OSS can keep it. Its values are HTTP headers, which carry printable ASCII and
// lose spaces at their ends; ours are any UTF-8. Pure functions.
//
// Metadata whose values are all printable ASCII, not empty and without spaces at either end is sent
// as it is, whatever `%` it has. Otherwise the entry `penstock-encoding: percent` goes with it, and
// in every value `%`, each byte outside 0x20 to 0x7E and a space at either end are written as %XX;
// an empty value is written as `%`. Without that entry nothing is decoded: what others wrote is
// told as they wrote it.

#include <map>
#include <string>

namespace penstock::oss {

using Metadata = std::map<std::string, std::string>;

Metadata EncodeMetadata(const Metadata& metadata);

// The inverse. A value that EncodeMetadata cannot have written stays as it is.
Metadata DecodeMetadata(Metadata stored);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_METADATA_ENCODING_H_
