#include "plugin/local/key_path.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "plugin/object_rules.h"

namespace penstock::local {
namespace {

// NAME_MAX is 255 bytes; what is left is for the suffix.
constexpr size_t kMostNameBytes = 250;

constexpr std::string_view kEmptyName = "%e";
constexpr std::string_view kContinued = "%c";
constexpr std::string_view kFile = "%f";
constexpr std::string_view kDirectory = "%d";

bool IsControl(unsigned char c) { return c < 0x20 || c == 0x7F; }

std::string Escape(unsigned char c) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  return {'%', kDigits[c >> 4], kDigits[c & 15]};
}

// Bytes of the UTF-8 sequence that `lead` begins.
size_t SequenceLength(unsigned char lead) {
  return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

// Whether a name stands for itself.
bool IsPlain(const std::string& name) {
  return !name.empty() && name.size() <= kMostNameBytes && name != "." && name != ".." &&
         std::none_of(name.begin(), name.end(), [](char c) { return c == '%' || IsControl(c); });
}

// Names that mean something to the file system.
void EscapeDots(std::string& name) {
  if (name == ".") name = "%2E";
  if (name == "..") name = "%2E%2E";
}

// The name in pieces that fit, cut between characters: at least one.
std::vector<std::string> EscapedPieces(std::string_view name) {
  std::vector<std::string> pieces(1);
  while (!name.empty()) {
    const auto lead = static_cast<unsigned char>(name.front());
    const size_t length =
        std::min(SequenceLength(lead), name.size());  // others' names are any bytes
    const std::string character =
        lead == '%' || IsControl(lead) ? Escape(lead) : std::string(name.substr(0, length));
    if (pieces.back().size() + character.size() > kMostNameBytes) pieces.emplace_back();
    pieces.back() += character;
    name.remove_prefix(character.front() == '%' ? 1 : length);
  }
  for (std::string& piece : pieces) EscapeDots(piece);
  if (pieces.front().empty()) pieces.front() = kEmptyName;
  return pieces;
}

bool LooksLikeFile(std::string_view name) { return name.find('.') != name.npos; }

void AppendName(std::string_view name, bool is_file, std::vector<std::string>& path) {
  std::vector<std::string> pieces = EscapedPieces(name);
  for (size_t i = 0; i + 1 < pieces.size(); ++i) pieces[i] += kContinued;
  std::string& last = pieces.back();
  if (LooksLikeFile(last) != is_file) last += is_file ? kFile : kDirectory;
  path.insert(path.end(), pieces.begin(), pieces.end());
}

// Takes `suffix` off the end of `text`, if it is there.
bool Cut(std::string& text, std::string_view suffix) {
  if (!std::string_view(text).ends_with(suffix)) return false;
  text.resize(text.size() - suffix.size());
  return true;
}

// The bytes of an escaped piece. Bad escapes come out as something that has another path.
std::string Unescape(const std::string& piece) {
  if (piece == kEmptyName) return "";
  std::string name;
  for (size_t i = 0; i < piece.size(); ++i) {
    const std::string digits = piece.substr(i + 1, 2);
    if (piece[i] == '%' && digits.find_first_not_of("0123456789ABCDEF") == std::string::npos &&
        digits.size() == 2) {
      name += absl::HexStringToBytes(digits);
      i += 2;
    } else {
      name += piece[i];
    }
  }
  return name;
}

}  // namespace

std::string KeyToPath(const std::string& key) {
  std::vector<std::string> path;
  const std::vector<std::string> names = absl::StrSplit(key, '/');
  for (size_t i = 0; i < names.size(); ++i) AppendName(names[i], i + 1 == names.size(), path);
  return absl::StrJoin(path, "/");
}

std::optional<std::string> PathToKey(const std::string& path) {
  std::string key;
  const std::vector<std::string> components = absl::StrSplit(path, '/');
  for (size_t i = 0; i < components.size(); ++i) {
    const std::optional<PathPiece> piece = ParseComponent(components[i]);
    const bool is_last = i + 1 == components.size();
    if (!piece.has_value() || (piece->kind == PathPiece::Kind::kFile) != is_last) {
      return std::nullopt;
    }
    key += piece->KeyBytes();
  }
  // Whatever was taken too easily above does not lead back to the same path.
  if (!CheckKey(key).ok() || KeyToPath(key) != path) return std::nullopt;
  return key;
}

std::optional<PathPiece> ParseComponent(const std::string& component) {
  PathPiece piece;
  if (IsPlain(component)) {  // as most are, and lists look at many
    piece.bytes = component;
    piece.kind = LooksLikeFile(component) ? PathPiece::Kind::kFile : PathPiece::Kind::kDirectory;
    return piece;
  }
  std::string name = component;
  if (Cut(name, kContinued)) {
    piece.kind = PathPiece::Kind::kContinued;
  } else {
    const bool is_file = Cut(name, kFile);
    const bool is_marked = is_file || Cut(name, kDirectory);
    const bool looks_like_file = LooksLikeFile(name);
    if (is_marked && looks_like_file == is_file) return std::nullopt;  // for nothing
    piece.kind =
        looks_like_file != is_marked ? PathPiece::Kind::kFile : PathPiece::Kind::kDirectory;
  }
  piece.bytes = Unescape(name);
  if (EscapedPieces(piece.bytes) != std::vector<std::string>{name}) return std::nullopt;
  return piece;
}

std::string KeyDirectory(const std::string& names) {
  const std::string inside = KeyToPath(names + ".");
  const size_t slash = inside.rfind('/');
  return slash == inside.npos ? "" : inside.substr(0, slash);
}

}  // namespace penstock::local
