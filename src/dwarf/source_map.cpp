// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/source_map.h"

#include "base/guard.h"
#include "dwarf/line_table.h"
#include "json/node.h"

#include <algorithm>
#include <limits>

namespace vitrine::core::dwarf {

namespace {

constexpr size_t max_mappings = 8'000'000;
constexpr size_t max_files = 1'000'000;
constexpr size_t max_sections = 100'000;

/// The value of a digit in base64; -1 if it is none.
int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// A number that the mappings give as a difference to the one before.
class Running {
public:
    explicit Running(uint64_t start = 0) : value_(static_cast<int64_t>(start)) {}

    Result<uint32_t> add(int64_t difference)
    {
        value_ += difference;
        if (value_ < 0 || value_ > std::numeric_limits<uint32_t>::max() - 1)
            return failure("a number out of range");
        return static_cast<uint32_t>(value_);
    }

private:
    int64_t value_;
};

/// A mapping: the code from `offset` belongs to a place, or to none.
struct Mapping {
    CodeOffset offset = 0;
    std::optional<source::Place> place {};
    /// Its index in the map.
    size_t number = 0;
};

/// Reads the text `mappings` of a map.
class MappingReader {
public:
    /// `offset` is added to all offsets, `first_file` to all indices of files.
    MappingReader(std::string_view text, uint64_t offset, uint32_t first_file, uint32_t files)
        : text_(text), offset_(offset), first_file_(first_file), files_(files)
    {}

    /// Appends the mappings. Fails at the first malformed one; those before it are kept.
    Result<void> read(std::vector<Mapping>& to)
    {
        // Code is on the first line. Other lines are of no use.
        while (at_ < text_.size() && text_[at_] != ';') {
            if (text_[at_] == ',') {
                ++at_;
                continue;
            }
            if (to.size() >= max_mappings)
                return failure("more than " + std::to_string(max_mappings) + " mappings");
            to.push_back(TRY(mapping()));
        }
        return {};
    }

    size_t position() const { return at_; }

private:
    bool at_end() const { return at_ >= text_.size() || text_[at_] == ',' || text_[at_] == ';'; }

    Result<Mapping> mapping()
    {
        Mapping mapping { .offset = TRY(offset_.add(TRY(number()))) };
        if (at_end())
            return mapping;
        const uint32_t file = TRY(file_.add(TRY(number())));
        const uint32_t line = TRY(line_.add(TRY(number())));
        const uint32_t column = TRY(column_.add(TRY(number())));
        if (!at_end())
            CHECK(name_.add(TRY(number())));
        if (!at_end())
            return failure("a mapping of more than 5 numbers");
        if (file >= files_)
            return failure("a file that is not in the list");
        mapping.place = source::Place { source::FileId { first_file_ + file }, line + 1, column + 1 };
        return mapping;
    }

    /// A number of digits with 5 bits each, the lowest first; the lowest bit of all is the sign.
    Result<int64_t> number()
    {
        constexpr unsigned max_shift = 30;
        uint64_t value = 0;
        for (unsigned shift = 0;; shift += 5) {
            const int digit = at_ < text_.size() ? digit_of(text_[at_]) : -1;
            if (digit < 0)
                return failure("a digit of base64 is missing");
            if (shift > max_shift)
                return failure("a number of more than 32 bits");
            ++at_;
            value |= static_cast<uint64_t>(digit & 31) << shift;
            if (!(digit & 32))
                break;
        }
        const auto magnitude = static_cast<int64_t>(value >> 1);
        return value & 1 ? -magnitude : magnitude;
    }

    std::string_view text_;
    size_t at_ = 0;
    Running offset_, file_, line_, column_, name_;
    uint32_t first_file_, files_;
};

/// Reads maps into a table.
class MapReader {
public:
    explicit MapReader(Bytes module) : module_(decoded(module)) {}

    /// A map, or an index map that consists of several.
    Result<void> read(const json::Node& map)
    {
        if (TRY(map.field("version")).value() != 3)
            return map.wrong("only source maps of version 3 are known");
        const auto sections = TRY(map.optional_field("sections"));
        if (!sections)
            return read_map(map, 0);
        for (const json::Node& section : TRY(items_of(*sections, max_sections))) {
            const json::Node offset = TRY(section.field("offset"));
            if (TRY(TRY(offset.field("line")).number()) != 0)
                continue;
            CHECK(read_map(TRY(section.field("map")), TRY(TRY(offset.field("column")).number())));
        }
        return {};
    }

    LineTable take()
    {
        make_rows();
        return std::move(table_);
    }

private:
    Result<void> read_map(const json::Node& map, uint64_t offset)
    {
        const auto first_file = static_cast<uint32_t>(table_.files.size());
        const std::string root = TRY(map.optional_text("sourceRoot")).value_or("");
        for (const json::Node& source : TRY(items_of(TRY(map.field("sources")), max_files - first_file))) {
            table_.files.push_back(
                { .path = path_of(root, source.value().is_null() ? "" : TRY(source.text())) });
        }
        CHECK(read_texts(map, first_file));
        const std::string mappings = TRY(TRY(map.field("mappings")).text());
        MappingReader reader(
            mappings, offset, first_file, static_cast<uint32_t>(table_.files.size()) - first_file);
        if (const auto read = reader.read(mappings_); !read)
            table_.problems.push_back("source map: " + read.error().message + " at byte "
                + std::to_string(reader.position()) + " of the mappings");
        return {};
    }

    Result<void> read_texts(const json::Node& map, size_t first_file)
    {
        table_.texts.resize(table_.files.size());
        const auto texts = TRY(map.optional_field("sourcesContent"));
        if (!texts || texts->value().is_null())
            return {};
        size_t file = first_file;
        for (const json::Node& text : TRY(items_of(*texts, table_.files.size() - first_file))) {
            if (!text.value().is_null())
                table_.texts[file] = TRY(text.text());
            ++file;
        }
        return {};
    }

    static Result<std::vector<json::Node>> items_of(const json::Node& list, size_t limit)
    {
        if (const auto* array = list.value().if_array(); array && array->size() > limit)
            return list.wrong("has more than " + std::to_string(limit) + " entries");
        return list.items();
    }

    static std::string path_of(const std::string& root, const std::string& source)
    {
        constexpr std::string_view scheme = "file://";
        std::string path = root.empty() || root.ends_with('/') ? root + source : root + "/" + source;
        return path.starts_with(scheme) ? path.substr(scheme.size()) : path;
    }

    /// Turns the mappings into rows, each within one function.
    void make_rows()
    {
        if (!module_) {
            table_.problems.emplace_back("source map: the module is malformed");
            return;
        }
        table_.functions = functions_of(*module_, source::Language::AssemblyScript);
        for (size_t i = 0; i < mappings_.size(); ++i)
            mappings_[i].number = i;
        std::ranges::sort(
            mappings_, {}, [](const Mapping& each) { return std::pair(each.offset, each.number); });
        auto at = mappings_.begin();
        for (source::Function& function : table_.functions) {
            const source::Range body = function.ranges[0];
            while (at != mappings_.end() && at->offset < body.begin)
                ++at;
            const size_t first = table_.rows.size();
            for (; at != mappings_.end() && at->offset < body.end; ++at) {
                const auto next = std::next(at);
                const CodeOffset end =
                    next == mappings_.end() ? body.end : std::min<CodeOffset>(next->offset, body.end);
                // The last one of several mappings for the same offset counts.
                if (at->place && end > at->offset)
                    table_.rows.push_back({ .range = { at->offset, end },
                        .place = *at->place,
                        .is_prologue_end = table_.rows.size() == first });
            }
            if (table_.rows.size() > first)
                function.declared = table_.rows[first].place;
        }
    }

    std::unique_ptr<const Module> module_;
    std::vector<Mapping> mappings_;
    LineTable table_ { .producer = {
                           .language = source::Language::AssemblyScript, .name = "source map", .units = 1 } };
};

Result<std::string> content_of_base64(std::string_view text)
{
    std::string bytes;
    uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        if (c == '=')
            break;
        const int digit = digit_of(c);
        if (digit < 0)
            return failure("malformed base64 in a data URL");
        bits = bits << 6 | static_cast<uint32_t>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>(bits >> count & 0xff);
        }
    }
    return bytes;
}

std::string without_percents(std::string_view text)
{
    const auto digit = [&](size_t at) {
        const char c = at < text.size() ? static_cast<char>(text[at] | 0x20) : '\0';
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    std::string bytes;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool is_escape = text[i] == '%' && digit(i + 1) >= 0 && digit(i + 2) >= 0;
        bytes += is_escape ? static_cast<char>(digit(i + 1) << 4 | digit(i + 2)) : text[i];
        i += is_escape ? 2 : 0;
    }
    return bytes;
}

} // namespace

Result<std::unique_ptr<source::Symbols>> read_source_map(std::string_view map, Bytes module)
{
    if (map.size() > max_map_bytes)
        return failure("the source map has more than " + std::to_string(max_map_bytes >> 20) + " MiB");
    // Servers put this before a map, so that browsers do not run it as a script.
    if (map.starts_with(")]}'"))
        map.remove_prefix(std::min(map.find('\n'), map.size()));
    const auto read = [&]() -> Result<std::unique_ptr<source::Symbols>> {
        const json::Value document = TRY(json::parse(map));
        MapReader reader(module);
        CHECK(reader.read(json::Node(document)));
        return answers_from(reader.take());
    };
    return guarded(read, [](const Thrown&) -> Result<std::unique_ptr<source::Symbols>> {
        return failure("there is not enough memory for the source map");
    });
}

std::string_view source_map_url(Bytes module)
{
    constexpr size_t header_bytes = 8;
    const auto find = [&]() -> Result<std::string_view> {
        ByteReader in(module);
        CHECK(in.bytes(header_bytes));
        while (!in.at_end()) {
            const uint8_t id = TRY(in.byte());
            ByteReader content = TRY(in.sub_reader(TRY(in.length())));
            if (id == 0 && text_of(TRY(content.bytes(TRY(content.length())))) == "sourceMappingURL")
                return text_of(TRY(content.bytes(TRY(content.length()))));
        }
        return std::string_view();
    };
    return find().value_or(std::string_view());
}

Result<std::string> content_of_data_url(std::string_view url)
{
    constexpr std::string_view scheme = "data:", base64 = ";base64";
    const size_t comma = url.find(',');
    if (!url.starts_with(scheme) || comma == std::string_view::npos)
        return failure("not a data URL");
    const std::string_view type = url.substr(scheme.size(), comma - scheme.size());
    const std::string_view content = url.substr(comma + 1);
    return type.ends_with(base64) ? content_of_base64(content)
                                  : Result<std::string>(without_percents(content));
}

} // namespace vitrine::core::dwarf
