// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/names.h"

#include "base/text.h"

#include <algorithm>

namespace vitrine::core::component {

namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }

/// Whether all letters have the same case.
bool is_word(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c); })
        || std::ranges::all_of(text, [](char c) { return is_upper(c) || is_digit(c); });
}

std::string quoted(std::string_view text) { return "`" + printable(text) + "`"; }

std::unexpected<Error> not_a_label(std::string_view text)
{
    return failure(quoted(text) + " is not in kebab case");
}

} // namespace

bool is_label(std::string_view text)
{
    if (text.empty() || is_digit(text.front()))
        return false;
    while (true) {
        const size_t hyphen = text.find('-');
        const std::string_view word = text.substr(0, hyphen);
        if (word.empty() || !is_word(word))
            return false;
        if (hyphen == text.npos)
            return true;
        text.remove_prefix(hyphen + 1);
    }
}

std::string lower_case(std::string_view text)
{
    std::string lower(text);
    for (char& c : lower)
        if (is_upper(c))
            c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

bool are_labels_equal(std::string_view a, std::string_view b)
{
    return a.size() == b.size() && lower_case(a) == lower_case(b);
}

Result<void> check_label(std::string_view text, std::string_view what)
{
    if (text.empty())
        return failure(std::string(what) + " name cannot be empty");
    if (!is_label(text))
        return failure(std::string(what) + " name " + quoted(text) + " is not in kebab case");
    return {};
}

// -- Versions

namespace {

/// Reads a version from left to right.
class VersionParser {
public:
    explicit VersionParser(std::string_view text) : rest_(text) {}

    Result<void> parse()
    {
        if (rest_.empty())
            return failure("empty string, expected a version");
        CHECK(number("major version number"));
        CHECK(dot("major version number"));
        CHECK(number("minor version number"));
        CHECK(dot("minor version number"));
        CHECK(number("patch version number"));
        if (take('-'))
            CHECK(identifiers("pre-release identifier", true));
        if (take('+'))
            CHECK(identifiers("build metadata", false));
        if (!rest_.empty())
            return unexpected_character("after patch version number");
        return {};
    }

private:
    bool take(char c)
    {
        if (!rest_.starts_with(c))
            return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::unexpected<Error> unexpected_character(const std::string& where) const
    {
        return failure("unexpected character '" + printable(rest_.substr(0, 1)) + "' " + where);
    }

    Result<void> dot(const std::string& after)
    {
        if (take('.'))
            return {};
        if (rest_.empty())
            return failure("unexpected end of input while parsing " + after);
        return unexpected_character("after " + after);
    }

    Result<void> number(const std::string& what)
    {
        size_t digits = 0;
        while (digits < rest_.size() && is_digit(rest_[digits]))
            ++digits;
        if (digits == 0)
            return rest_.empty() ? failure("unexpected end of input while parsing " + what)
                                 : unexpected_character("while parsing " + what);
        const std::string_view text = rest_.substr(0, digits);
        if (digits > 1 && text.front() == '0')
            return failure("invalid leading zero in " + what);
        constexpr std::string_view largest = "18446744073709551615";
        if (digits > largest.size() || (digits == largest.size() && text > largest))
            return failure("value of " + what + " exceeds 64 bits");
        rest_.remove_prefix(digits);
        return {};
    }

    /// One or more identifiers, separated by dots.
    Result<void> identifiers(const std::string& what, bool are_numbers_checked)
    {
        do {
            size_t size = 0;
            while (size < rest_.size() && (is_alphanumeric(rest_[size]) || rest_[size] == '-'))
                ++size;
            const std::string_view text = rest_.substr(0, size);
            if (text.empty())
                return failure("empty identifier segment in " + what);
            if (are_numbers_checked && size > 1 && text.front() == '0' && std::ranges::all_of(text, is_digit))
                return failure("invalid leading zero in " + what);
            rest_.remove_prefix(size);
        } while (take('.'));
        return {};
    }

    std::string_view rest_;
};

// -- Names of imports and exports

/// Reads a name from left to right. [component model: Explainer, import and export definitions]
class NameParser {
public:
    explicit NameParser(std::string_view text) : rest_(text) {}

    Result<ParsedName> parse()
    {
        ParsedName name = TRY(parse_any());
        if (!rest_.empty())
            return failure("trailing characters found: " + quoted(rest_));
        return name;
    }

private:
    Result<ParsedName> parse_any()
    {
        if (take("[constructor]"))
            return ParsedName { .kind = NameKind::Constructor, .resource = TRY(last_label()) };
        if (take("[method]"))
            return parse_function(NameKind::Method);
        if (take("[static]"))
            return parse_function(NameKind::Static);
        if (take("unlocked-dep="))
            return parse_unlocked();
        if (take("locked-dep="))
            return parse_locked();
        if (take("url="))
            return parse_url();
        if (take("integrity=")) {
            CHECK(integrity());
            return ParsedName { .kind = NameKind::Hash };
        }
        if (rest_.contains(':'))
            return parse_interface();
        CHECK(last_label());
        return ParsedName {};
    }

    Result<ParsedName> parse_function(NameKind kind)
    {
        const size_t dot = rest_.find('.');
        if (dot == rest_.npos)
            return failure("failed to find `.` character");
        ParsedName name { .kind = kind, .resource = rest_.substr(0, dot) };
        if (!is_label(name.resource))
            return not_a_label(name.resource);
        rest_.remove_prefix(dot + 1);
        name.function = TRY(last_label());
        return name;
    }

    /// `namespace:package/interface@version`
    Result<ParsedName> parse_interface()
    {
        CHECK(package());
        if (!take("/"))
            return failure("expected `/` after package name");
        CHECK(label());
        ParsedName name { .kind = NameKind::Interface };
        if (take("@"))
            name.version = std::exchange(rest_, {});
        return name;
    }

    /// `unlocked-dep=<package@{>=1.0.0 <2.0.0}>`
    Result<ParsedName> parse_unlocked()
    {
        CHECK(expect("<"));
        CHECK(package());
        CHECK(optional_projection());
        if (take("@") && !take("*")) {
            CHECK(expect("{"));
            CHECK(version_range(TRY(until('}'))));
            CHECK(expect("}"));
        }
        CHECK(expect(">"));
        return ParsedName { .kind = NameKind::Dependency };
    }

    /// `locked-dep=<package@1.0.0>,integrity=<..>`
    Result<ParsedName> parse_locked()
    {
        CHECK(expect("<"));
        CHECK(package());
        CHECK(optional_projection());
        if (take("@"))
            CHECK(check_version(TRY(until('>'))));
        CHECK(expect(">"));
        CHECK(optional_integrity());
        return ParsedName { .kind = NameKind::Dependency };
    }

    Result<ParsedName> parse_url()
    {
        CHECK(expect("<"));
        if (TRY(until('>')).contains('<'))
            return failure("url cannot contain `<`");
        CHECK(expect(">"));
        CHECK(optional_integrity());
        return ParsedName { .kind = NameKind::Url };
    }

    Result<void> optional_projection()
    {
        if (take("/"))
            CHECK(label());
        return {};
    }

    Result<void> optional_integrity()
    {
        if (!take(","))
            return {};
        CHECK(expect("integrity="));
        return integrity();
    }

    /// `<sha256-BASE64>`, with one or more hashes separated by spaces.
    Result<void> integrity()
    {
        CHECK(expect("<"));
        std::string_view hashes = TRY(until('>'));
        bool is_empty = true;
        while (!hashes.empty()) {
            const size_t space = std::min(hashes.find(' '), hashes.size());
            if (const std::string_view hash = hashes.substr(0, space); !hash.empty()) {
                is_empty = false;
                CHECK(check_hash(hash));
            }
            hashes.remove_prefix(std::min(space + 1, hashes.size()));
        }
        if (is_empty)
            return failure("integrity hash cannot be empty");
        return expect(">");
    }

    Result<void> check_hash(std::string_view hash) const
    {
        constexpr std::string_view algorithms[] = { "sha256-", "sha384-", "sha512-" };
        const auto* algorithm = std::ranges::find_if(
            algorithms, [&](std::string_view prefix) { return hash.starts_with(prefix); });
        if (algorithm == std::end(algorithms))
            return failure("unrecognized hash algorithm: " + quoted(hash));
        std::string_view digest = hash.substr(algorithm->size());
        digest = digest.substr(0, digest.find('?'));
        const std::string_view padding = digest.substr(std::min(digest.find('='), digest.size()));
        const std::string_view characters = digest.substr(0, digest.size() - padding.size());
        const auto is_base64 = [](char c) { return is_alphanumeric(c) || c == '+' || c == '/'; };
        if (characters.empty() || !std::ranges::all_of(characters, is_base64)
            || (!padding.empty() && padding != "=" && padding != "=="))
            return failure("not valid base64: " + quoted(digest));
        return {};
    }

    /// `*`, `>=LOWER`, `<UPPER` or `>=LOWER <UPPER`.
    Result<void> version_range(std::string_view range) const
    {
        if (range == "*")
            return {};
        if (range.starts_with(">=")) {
            range.remove_prefix(2);
            const size_t space = range.find(' ');
            CHECK(check_version(range.substr(0, space)));
            if (space == range.npos)
                return {};
            range.remove_prefix(space + 1);
            if (!range.starts_with('<'))
                return failure("expected `<` at start of version range upper bounds");
            return check_version(range.substr(1));
        }
        if (range.starts_with('<'))
            return check_version(range.substr(1));
        return failure("expected `>=` or `<` at start of version range");
    }

    /// `namespace:package`, in lower case.
    Result<void> package()
    {
        CHECK(lower_label());
        CHECK(expect(":"));
        return lower_label();
    }

    Result<void> lower_label()
    {
        const std::string_view text = TRY(label());
        const auto upper = std::ranges::find_if(text, is_upper);
        if (upper != text.end())
            return failure(
                "character `" + std::string(1, *upper) + "` is not lowercase in package name/namespace");
        return {};
    }

    /// A label that ends before the first character that cannot be part of one.
    Result<std::string_view> label()
    {
        size_t size = 0;
        while (size < rest_.size() && (is_alphanumeric(rest_[size]) || rest_[size] == '-'))
            ++size;
        const std::string_view text = rest_.substr(0, size);
        if (!is_label(text))
            return not_a_label(text);
        rest_.remove_prefix(size);
        return text;
    }

    /// A label that is everything that is left.
    Result<std::string_view> last_label()
    {
        if (!is_label(rest_))
            return not_a_label(rest_);
        return std::exchange(rest_, {});
    }

    bool take(std::string_view text)
    {
        if (!rest_.starts_with(text))
            return false;
        rest_.remove_prefix(text.size());
        return true;
    }

    Result<void> expect(std::string_view text)
    {
        if (!take(text))
            return failure("expected " + quoted(text) + " at " + quoted(rest_));
        return {};
    }

    Result<std::string_view> until(char end)
    {
        const size_t size = rest_.find(end);
        if (size == rest_.npos)
            return failure("failed to find " + quoted(std::string_view(&end, 1)) + " character");
        const std::string_view text = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return text;
    }

    std::string_view rest_;
};

} // namespace

Result<void> check_version(std::string_view text) { return VersionParser(text).parse(); }

bool is_canonical_version(std::string_view text)
{
    const auto is_number = [](std::string_view digits) {
        return !digits.empty() && digits.front() != '0' && std::ranges::all_of(digits, is_digit);
    };
    if (text == "0.0.0")
        return true;
    for (int zeros = 0; zeros < 2 && text.starts_with("0."); ++zeros)
        text.remove_prefix(2);
    return is_number(text);
}

Result<ParsedName> parse_name(std::string_view text) { return NameParser(text).parse(); }

std::string unique_form(std::string_view text, const ParsedName& name)
{
    switch (name.kind) {
    case NameKind::Method:
    case NameKind::Static: {
        const std::string resource = lower_case(name.resource), function = lower_case(name.function);
        return resource == function ? resource : resource + "." + function;
    }
    case NameKind::Label:
    case NameKind::Constructor: return lower_case(text);
    case NameKind::Interface:
    case NameKind::Dependency:
    case NameKind::Url:
    case NameKind::Hash: return std::string(text);
    }
    std::unreachable();
}

std::string compatible_name(std::string_view name)
{
    const size_t at = name.find('@');
    if (at == name.npos)
        return std::string(name);
    const std::string_view version = name.substr(at + 1);
    if (version.find('-') != version.npos)
        return std::string(name); // A pre-release is compatible with nothing else.
    const auto part = [&](size_t from) { return version.substr(0, version.find_first_of(".+", from)); };
    size_t end = version.find('.');
    std::string_view kept = part(0);
    while (kept.ends_with("0") && (kept == "0" || kept == "0.0") && end != version.npos) {
        kept = part(end + 1);
        end = version.find('.', end + 1);
    }
    return std::string(name.substr(0, at + 1)) + std::string(kept);
}

bool names_interface(std::string_view given, std::string_view interface)
{
    return given == interface || given == interface.substr(0, interface.find('@'))
        || compatible_name(given) == compatible_name(interface);
}

} // namespace vitrine::core::component
