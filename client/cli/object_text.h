#ifndef PENSTOCK_CLIENT_CLI_OBJECT_TEXT_H_
#define PENSTOCK_CLIENT_CLI_OBJECT_TEXT_H_

// What penstock ls, stat and cp print of objects, for people.

#include <string>

#include "penstock/v1/object.pb.h"

namespace penstock::cli {

// Several lines with all that is known of one object, each ended.
std::string DescribeObject(const v1::StoredObject& object);

// One line for a long list: size, update time, storage class, CRC-64, time of modification and key;
// "-" for what is not known.
std::string ObjectRow(const v1::StoredObject& object);

// The same columns for a common prefix.
std::string PrefixRow(const std::string& prefix);

// One line for a long list: creation time, region and name.
std::string BucketRow(const v1::Bucket& bucket);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_OBJECT_TEXT_H_
