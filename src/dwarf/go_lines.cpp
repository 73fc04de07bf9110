// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/go_lines.h"

#include "dwarf/line_table.h"
#include "wasm/instruction.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <span>

namespace vitrine::core::dwarf {

namespace {

/// `go1.20` and later: magic number, two zeros, size of an instruction, size of a pointer.
constexpr uint8_t header_begin[] = { 0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8 };
constexpr size_t header_bytes = 72;
/// A table is aligned to 32 bytes; more than a few beginnings are an accident or an attack.
constexpr int max_attempts = 16;
/// Runs of zeros are left out of the module, but there are not many of them in these tables.
constexpr uint64_t max_growth = 4, extra_bytes = 1 << 20;
constexpr size_t max_name_bytes = 4096;

/// The bits of a program counter that count points in a function, and the number that Go adds to
/// the index of a function.
constexpr unsigned point_bits = 16;
constexpr uint64_t first_function = 0x1000;

/// The initial content of the memory, as far as segments set it.
class Image {
public:
    explicit Image(const Module& module)
    {
        for (const DataSegment& data : module.datas)
            if (const auto address = address_of(module, data); address && !data.bytes.empty())
                segments_.push_back({ *address, data.bytes });
        // If several have the same address, the first in the module counts.
        std::ranges::sort(segments_, {},
            [](const Segment& segment) { return std::pair(segment.address, segment.bytes.data()); });
        std::erase_if(segments_, [end = uint64_t { 0 }](const Segment& segment) mutable {
            if (segment.address < end)
                return true;
            end = segment.address + segment.bytes.size();
            return false;
        });
    }

    /// The addresses at which the bytes begin, if they lie in one segment.
    std::vector<uint64_t> find(Bytes bytes, size_t limit) const
    {
        std::vector<uint64_t> found;
        for (const Segment& segment : segments_)
            for (auto from = segment.bytes.begin(); found.size() < limit; ++from) {
                from = std::search(from, segment.bytes.end(), bytes.begin(), bytes.end());
                if (from == segment.bytes.end())
                    break;
                found.push_back(segment.address + static_cast<uint64_t>(from - segment.bytes.begin()));
            }
        return found;
    }

    /// The bytes from an address to the end of the last segment. Bounded, whatever the addresses of
    /// the segments are.
    std::vector<uint8_t> from(uint64_t address) const
    {
        uint64_t all = 0, end = 0;
        for (const Segment& segment : segments_) {
            all += segment.bytes.size();
            end = segment.address + segment.bytes.size();
        }
        std::vector<uint8_t> bytes(
            end <= address ? 0 : std::min(end - address, max_growth * all + extra_bytes));
        for (const Segment& segment : segments_) {
            const uint64_t begin = std::max(segment.address, address);
            const uint64_t segment_end =
                std::min(segment.address + segment.bytes.size(), address + bytes.size());
            if (begin < segment_end)
                std::memcpy(bytes.data() + (begin - address),
                    segment.bytes.data() + (begin - segment.address), segment_end - begin);
        }
        return bytes;
    }

private:
    struct Segment {
        uint64_t address;
        Bytes bytes;
    };

    static std::optional<uint64_t> address_of(const Module& module, const DataSegment& data)
    {
        if (data.mode != SegmentMode::Active || data.memory.value != 0)
            return std::nullopt;
        ByteReader in(module.bytes().subspan(data.start.offset, data.start.size));
        const auto instruction = decode_instruction(in);
        if (!instruction || instruction->op != Op::I32Const)
            return std::nullopt;
        return static_cast<uint32_t>(instruction->constant);
    }

    std::vector<Segment> segments_;
};

/// The table, from its header on. Reads outside of it give none.
class Table {
public:
    explicit Table(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)) {}

    template<class T> std::optional<T> at(uint64_t offset) const
    {
        if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T))
            return std::nullopt;
        return load<T>(bytes_.data() + offset);
    }
    uint64_t size() const { return bytes_.size(); }
    Bytes from(uint64_t offset) const
    {
        return offset > bytes_.size() ? Bytes() : Bytes(bytes_).subspan(offset);
    }
    /// A text that ends with a zero byte. Empty if it has no end.
    std::string_view text(uint64_t offset) const
    {
        const Bytes rest = from(offset).first(std::min(from(offset).size(), max_name_bytes));
        const auto end = std::ranges::find(rest, uint8_t { 0 });
        return end == rest.end() ? std::string_view()
                                 : text_of(rest.first(static_cast<size_t>(end - rest.begin())));
    }

private:
    std::vector<uint8_t> bytes_;
};

/// What the header of the table says: where its parts are.
struct Header {
    uint64_t functions, text_start, names, units, files, values, entries;
};

std::optional<Header> header_of(const Table& table, uint32_t max_functions)
{
    if (!table.at<std::array<uint8_t, header_bytes>>(0))
        return std::nullopt;
    const auto word = [&](uint64_t offset) { return *table.at<uint64_t>(offset); };
    const Header header { word(8), word(24), word(32), word(40), word(48), word(56), word(64) };
    const bool is_in_order = header_bytes <= header.names && header.names < header.units
        && header.units < header.files && header.files < header.values && header.values < header.entries
        && table.at<uint64_t>(header.entries);
    if (!is_in_order || header.functions == 0 || header.functions > max_functions)
        return std::nullopt;
    return header;
}

/// A table of values by program counter, whose pairs of differences are read one by one.
class Values {
public:
    explicit Values(Bytes bytes) : in_(bytes) {}

    /// The value at a point. Points must not decrease from call to call.
    std::optional<int64_t> at(uint64_t point)
    {
        while (end_ <= point)
            if (!next())
                return std::nullopt;
        return value_;
    }

private:
    bool next()
    {
        const auto difference = in_.leb<uint32_t>();
        if (!difference || (*difference == 0 && !is_first_))
            return false;
        const auto points = in_.leb<uint32_t>();
        // Real tables always go on.
        if (!points || *points == 0)
            return false;
        value_ += *difference & 1 ? -static_cast<int64_t>(*difference >> 1) - 1
                                  : static_cast<int64_t>(*difference >> 1);
        end_ += *points;
        is_first_ = false;
        return true;
    }

    ByteReader in_;
    int64_t value_ = -1;
    uint64_t end_ = 0;
    bool is_first_ = true;
};

/// Code between two points at which execution can resume.
struct Region {
    source::Range range;
    /// The point whose line it has.
    uint64_t point = 0;
};

/// Splits a function's code at these points.
class RegionReader {
public:
    RegionReader(const Module& module, const FuncMeta& body)
        : in_(module.bytes().subspan(body.code_offset, body.end_offset - body.code_offset), body.code_offset),
          body_(body)
    {}

    std::vector<Region> read()
    {
        if (!read_dispatch())
            return { { { body_.code_offset, body_.end_offset } } };
        // Each `end` of one of the blocks is a point; other blocks are inside them.
        uint32_t inner = 0;
        CodeOffset begin = body_.code_offset;
        for (size_t label = 0; label < blocks_ && next();) {
            const Immediate immediate = info(instruction_.op).immediate;
            if (immediate == Immediate::Block || immediate == Immediate::Catches) {
                ++inner;
            } else if (instruction_.op == Op::End && inner > 0) {
                --inner;
            } else if (instruction_.op == Op::End) {
                add(begin, instruction_.offset, label);
                begin = instruction_.end;
                ++label;
            }
        }
        add(begin, body_.end_offset, blocks_);
        return std::move(regions_);
    }

private:
    bool next()
    {
        if (in_.at_end())
            return false;
        if (decode_instruction(in_, instruction_))
            return true;
        // The rest of the function has the line of what is before it.
        in_ = ByteReader(Bytes());
        return false;
    }

    /// Reads the blocks at the beginning and the `br_table`, which has a label for each point.
    bool read_dispatch()
    {
        while (next()) {
            switch (instruction_.op) {
            case Op::Loop: break;
            case Op::Block: ++blocks_; break;
            case Op::LocalGet:
            case Op::LocalSet:
            case Op::GlobalGet: break;
            case Op::BrTable: return blocks_ > 0 && read_labels();
            default: return false;
            }
        }
        return false;
    }

    bool read_labels()
    {
        const uint8_t* at = instruction_.vector.data();
        for (auto left = read_valid_leb<uint32_t>(at); left > 0; --left)
            labels_.push_back(read_valid_leb<uint32_t>(at));
        return std::ranges::is_sorted(labels_);
    }

    /// The region behind the `end` number `label - 1`. Its line is that of its last point, where it
    /// makes the call; the last region ends with a return, and has that of its first point.
    void add(CodeOffset begin, CodeOffset end, size_t label)
    {
        if (label == 0 || begin >= end)
            return;
        const auto index = static_cast<uint32_t>(label - 1);
        const auto behind = std::ranges::upper_bound(labels_, index);
        const auto points = static_cast<uint64_t>(behind - labels_.begin());
        const bool has_labels = behind != labels_.begin() && *std::prev(behind) == index;
        regions_.push_back({ { begin, end }, has_labels ? points - 1 : points });
    }

    ByteReader in_;
    const FuncMeta& body_;
    Instruction instruction_ {};
    size_t blocks_ = 0;
    /// By point: the block at whose end execution resumes.
    std::vector<uint32_t> labels_;
    std::vector<Region> regions_;
};

/// Reads the table of a module.
class GoReader {
public:
    GoReader(const Module& module, const Table& table, const Header& header)
        : module_(module), table_(table), header_(header)
    {
        const uint32_t imported = module.imported(ExternKind::Func);
        result_.functions = functions_of(module, source::Language::Go);
        std::vector<bool> is_read(result_.functions.size());
        const unsigned shift = has_counters() ? point_bits : 0;
        for (uint64_t i = 0; i < header.functions; ++i) {
            const auto entry = table.at<uint64_t>(header.entries + i * sizeof(uint64_t));
            if (!entry)
                break;
            const uint64_t number = (header.text_start + (*entry & UINT32_MAX)) >> shift;
            const uint64_t index = number - first_function;
            // A hostile table may describe a function any number of times.
            if (number < first_function || index >= is_read.size() || is_read[index])
                continue;
            is_read[index] = true;
            read_function(FuncIndex { static_cast<uint32_t>(imported + index) }, result_.functions[index],
                header.entries + (*entry >> 32));
        }
        std::ranges::sort(result_.rows, {}, [](const source::Row& row) { return row.range.begin; });
    }

    LineTable take() { return std::move(result_); }

private:
    /// The fields of Go's `_func` that matter.
    enum Field : uint64_t { Name = 4, Files = 20, Lines = 24, Unit = 32, StartLine = 36 };

    /// Whether the table has program counters of functions, as before Go 1.26, rather than their
    /// numbers.
    bool has_counters() const
    {
        const auto first = table_.at<uint32_t>(header_.entries);
        const auto second = table_.at<uint32_t>(header_.entries + sizeof(uint64_t));
        return first && second && *second - *first >= 1u << point_bits;
    }

    void read_function(FuncIndex index, source::Function& function, uint64_t at)
    {
        const auto name = table_.at<uint32_t>(at + Name), files = table_.at<uint32_t>(at + Files);
        const auto lines = table_.at<uint32_t>(at + Lines), unit = table_.at<uint32_t>(at + Unit);
        const auto start = table_.at<uint32_t>(at + StartLine);
        if (!start)
            return;
        if (std::string text = text_at(header_.names + *name); !text.empty())
            function.name = std::move(text);
        Values file_values(table_.from(header_.values + *files));
        Values line_values(table_.from(header_.values + *lines));
        if (const auto file = file_of(*unit, file_values.at(0)))
            function.declared = { *file, *start };
        bool is_first = true;
        for (const Region& region : RegionReader(module_, module_.meta(index)).read()) {
            const auto file = file_of(*unit, file_values.at(region.point));
            const auto line = line_values.at(region.point);
            if (!file || !line || *line <= 0 || *line > UINT32_MAX)
                continue;
            result_.rows.push_back({ .range = region.range,
                .place = { *file, static_cast<uint32_t>(*line) },
                .is_prologue_end = is_first });
            is_first = false;
        }
    }

    std::optional<source::FileId> file_of(uint32_t unit, std::optional<int64_t> number)
    {
        if (!number || *number < 0)
            return std::nullopt;
        const uint64_t place =
            header_.units + (uint64_t { unit } + static_cast<uint64_t>(*number)) * sizeof(uint32_t);
        const auto offset = table_.at<uint32_t>(place);
        if (!offset || place >= header_.files)
            return std::nullopt;
        const auto [known, is_new] =
            files_.try_emplace(*offset, source::FileId { static_cast<uint32_t>(result_.files.size()) });
        if (is_new)
            result_.files.push_back({ .path = text_at(header_.files + *offset) });
        return known->second;
    }

    /// A name. Empty once the names are longer than the table together: it repeats parts of them.
    std::string text_at(uint64_t offset)
    {
        const std::string_view text = table_.text(offset);
        text_bytes_ += text.size();
        return text_bytes_ > table_.size() ? std::string() : std::string(text);
    }

    const Module& module_;
    const Table& table_;
    const Header& header_;
    /// By offset of their paths.
    std::map<uint32_t, source::FileId> files_;
    uint64_t text_bytes_ = 0;
    LineTable result_ { .producer = { .language = source::Language::Go, .name = "Go", .units = 1 } };
};

} // namespace

std::unique_ptr<source::Symbols> read_go_lines(Bytes bytes)
{
    const auto module = decoded(bytes);
    if (!module)
        return nullptr;
    const Image image(*module);
    for (const uint64_t address : image.find(header_begin, max_attempts)) {
        const Table table(image.from(address));
        const auto header = header_of(table, module->functions.size());
        if (!header)
            continue;
        LineTable lines = GoReader(*module, table, *header).take();
        if (!lines.rows.empty())
            return answers_from(std::move(lines));
    }
    return nullptr;
}

} // namespace vitrine::core::dwarf
