#include "plugin/oss/credentials/profiles.h"

#include <map>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "plugin/oss/credentials/profile_fields.h"
#include "plugin/oss/credentials/source_errors.h"
#include "plugin/oss/options.h"

namespace penstock::oss {
namespace {

using Json = nlohmann::json;

// A profile may assume a role with the credentials of another; more than this is a circle.
constexpr int kMaxSources = 8;
constexpr size_t kMaxShown = 64;

std::string Quoted(const std::string& text) {
  return absl::StrCat("\"", PrintableText(text, kMaxShown), "\"");
}

std::string Place(const std::string& profile, const std::string& path) {
  return absl::StrCat("the profile ", Quoted(profile), " of ", path);
}

absl::Status NoProfile(const std::string& profile, const std::string& path) {
  return OptionError("profile",
                     absl::StrCat("names ", Place(profile, path), ", which is not there"));
}

using Section = std::map<std::string, std::string>;

// The keys of a section; nullopt when there is none of that name. A line that is neither a section,
// a comment nor `key = value` is an error.
absl::StatusOr<std::optional<Section>> FindSection(const std::string& text, const std::string& path,
                                                   const std::string& name) {
  std::optional<Section> found;
  bool inside = false;
  int number = 0;
  for (const absl::string_view raw : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::string_view line = absl::StripAsciiWhitespace(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      inside = absl::StripAsciiWhitespace(line.substr(1, line.size() - 2)) == name;
      if (inside && !found.has_value()) found.emplace();
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == absl::string_view::npos) {
      return OptionError("profile", absl::StrCat("is of ", path, ", whose line ", number,
                                                 " is neither [section] nor key = value"));
    }
    if (!inside) continue;
    (*found)[std::string(absl::StripAsciiWhitespace(line.substr(0, equals)))] =
        std::string(absl::StripAsciiWhitespace(line.substr(equals + 1)));
  }
  return found;
}

// A string or a number of a JSON object, as text.
std::string TextOf(const Json& object, const std::string& field) {
  const auto it = object.find(field);
  if (it == object.end()) return "";
  if (it->is_string()) return it->get<std::string>();
  if (it->is_number_integer()) return absl::StrCat(it->get<int64_t>());
  return "";
}

const Json* FindCliProfile(const Json& config, const std::string& name) {
  const auto profiles = config.find("profiles");
  if (profiles == config.end() || !profiles->is_array()) return nullptr;
  for (const Json& profile : *profiles) {
    if (profile.is_object() && TextOf(profile, "name") == name) return &profile;
  }
  return nullptr;
}

// One profile; `source` is the name of the profile that its credentials come from, if any.
absl::StatusOr<SourceSpec> ReadOneCliProfile(const Json& profile, const std::string& place,
                                             std::string& source) {
  ProfileFields fields(place,
                       [&profile](const std::string& field) { return TextOf(profile, field); });
  const auto role = [&fields] {
    return fields.Role("ram_role_arn", "ram_session_name", "expired_seconds");
  };
  const std::string mode = fields.Text("mode");
  SourceSpec spec;
  if (mode == "AK") {
    spec.origin = fields.AccessKey();
  } else if (mode == "StsToken") {
    spec.origin = fields.Temporary("sts_token");
  } else if (mode == "EcsRamRole") {
    spec.origin = fields.Ecs("ram_role_name");
  } else if (mode == "OIDC") {
    spec.origin = fields.Oidc(role(), "oidc_provider_arn", "oidc_token_file");
  } else if (mode == "RamRoleArn") {
    spec.origin =
        fields.Text("sts_token").empty() ? fields.AccessKey() : fields.Temporary("sts_token");
    spec.roles.push_back(role());
  } else if (mode == "ChainableRamRoleArn") {
    source = fields.Word("source_profile");
    spec.roles.push_back(role());
  } else {
    fields.Fail(absl::StrCat("whose mode ", Quoted(mode),
                             " is not supported; expected AK, StsToken, RamRoleArn, EcsRamRole, "
                             "OIDC or ChainableRamRoleArn"));
  }
  PENSTOCK_RETURN_IF_ERROR(fields.status());
  return spec;
}

}  // namespace

absl::StatusOr<SourceSpec> ReadIniProfile(const std::string& text, const std::string& path,
                                          const std::string& profile) {
  const std::string name = profile.empty() ? "default" : profile;
  PENSTOCK_ASSIGN_OR_RETURN(const std::optional<Section> section, FindSection(text, path, name));
  if (!section.has_value()) return NoProfile(name, path);
  ProfileFields fields(Place(name, path), [&section](const std::string& field) {
    const auto it = section->find(field);
    return it == section->end() ? std::string() : it->second;
  });
  const auto role = [&fields] {
    return fields.Role("role_arn", "role_session_name", "duration_seconds");
  };
  const std::string type = fields.Text("type");
  SourceSpec spec;
  if (type == "access_key") {
    spec.origin = fields.AccessKey();
  } else if (type == "sts") {
    spec.origin = fields.Temporary("security_token");
  } else if (type == "ecs_ram_role") {
    spec.origin = fields.Ecs("role_name");
  } else if (type == "ram_role_arn") {
    spec.origin = fields.AccessKey();
    spec.roles.push_back(role());
  } else if (type == "oidc_role_arn") {
    spec.origin = fields.Oidc(role(), "oidc_provider_arn", "oidc_token_file_path");
  } else {
    fields.Fail(absl::StrCat("whose type ", Quoted(type),
                             " is not supported; expected access_key, sts, ecs_ram_role, "
                             "ram_role_arn or oidc_role_arn"));
  }
  PENSTOCK_RETURN_IF_ERROR(fields.status());
  return spec;
}

absl::StatusOr<SourceSpec> ReadCliProfile(const std::string& text, const std::string& path,
                                          const std::string& profile) {
  const Json config = Json::parse(text, nullptr, false);
  if (!config.is_object()) {
    return OptionError("profile", absl::StrCat("is of ", path, ", which is not a JSON object"));
  }
  std::string name = profile.empty() ? TextOf(config, "current") : profile;
  std::vector<RamRole> roles;  // the first to assume is last
  for (int i = 0; i < kMaxSources; ++i) {
    const Json* const found = FindCliProfile(config, name);
    if (found == nullptr) return NoProfile(name, path);
    std::string source;
    PENSTOCK_ASSIGN_OR_RETURN(SourceSpec spec,
                              ReadOneCliProfile(*found, Place(name, path), source));
    roles.insert(roles.end(), spec.roles.begin(), spec.roles.end());
    if (source.empty()) {
      spec.roles.assign(roles.rbegin(), roles.rend());
      return spec;
    }
    name = source;
  }
  return OptionError("profile", absl::StrCat("names a profile of ", path,
                                             " whose source_profile leads through more than ",
                                             kMaxSources, " others"));
}

}  // namespace penstock::oss
