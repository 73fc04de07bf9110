// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/wave.h"

#include "base/bytes.h"
#include "base/text.h"
#include "component/printer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace vitrine::core::component {

bool is_wave_keyword(std::string_view word)
{
    constexpr std::string_view keywords[] = { "true", "false", "inf", "nan", "some", "none", "ok", "err" };
    return std::ranges::find(keywords, word) != std::end(keywords);
}

namespace {

std::string float_or_nan(auto value) { return std::isnan(value) ? "nan" : float_text(value); }

std::string number_text(uint64_t bits, ComponentKind kind)
{
    switch (kind) {
    case ComponentKind::F32: return float_or_nan(std::bit_cast<float>(static_cast<uint32_t>(bits)));
    case ComponentKind::F64: return float_or_nan(std::bit_cast<double>(bits));
    case ComponentKind::S8:
    case ComponentKind::S16:
    case ComponentKind::S32:
    case ComponentKind::S64: return std::to_string(static_cast<int64_t>(bits));
    default: return std::to_string(bits);
    }
}

class WaveWriter {
public:
    explicit WaveWriter(const WaveOptions& options) : options_(options) {}

    /// The depth of the recursion is that of the type.
    void value(const Value& value, const Shape& shape)
    {
        if (is_full())
            return;
        switch (shape.kind) {
        case ComponentKind::Bool: text_ += value.bits ? "true" : "false"; break;
        case ComponentKind::S8:
        case ComponentKind::U8:
        case ComponentKind::S16:
        case ComponentKind::U16:
        case ComponentKind::S32:
        case ComponentKind::U32:
        case ComponentKind::S64:
        case ComponentKind::U64:
        case ComponentKind::F32:
        case ComponentKind::F64: text_ += number_text(value.bits, shape.kind); break;
        case ComponentKind::Char: character(static_cast<uint32_t>(value.bits)); break;
        case ComponentKind::String: string(value.text()); break;
        case ComponentKind::List:
        case ComponentKind::Map: list(value, shape); break;
        case ComponentKind::Record: record(value, shape); break;
        case ComponentKind::Tuple: tuple(value, shape); break;
        case ComponentKind::Variant:
        case ComponentKind::Enum:
            if (is_wave_keyword(shape.parts[value.bits].name))
                text_ += '%';
            [[fallthrough]];
        case ComponentKind::Option:
        case ComponentKind::Result: chosen(value, shape); break;
        case ComponentKind::Flags: flags(value, shape); break;
        case ComponentKind::Own:
        case ComponentKind::Borrow: resource(value, shape); break;
        case ComponentKind::ErrorContext: text_ += "<error-context>"; break;
        case ComponentKind::Stream: text_ += "<stream>"; break;
        case ComponentKind::Future: text_ += "<future>"; break;
        }
    }

    std::string finish() &&
    {
        if (!is_full())
            return std::move(text_);
        size_t end = options_.bytes;
        while (end > 0 && (text_[end] & 0xc0) == 0x80)
            --end;
        text_.resize(end);
        return std::move(text_) + "...";
    }

private:
    bool is_full() const { return text_.size() > options_.bytes; }

    void escaped(uint32_t point, char quote)
    {
        if (point == '\n' || point == '\t' || point == '\r')
            text_ += point == '\n' ? "\\n" : point == '\t' ? "\\t" : "\\r";
        else if (point == '\\' || point == static_cast<uint8_t>(quote))
            text_ += { '\\', static_cast<char>(point) };
        else if (is_control(point))
            text_ += "\\u{" + hex(point).substr(2) + "}";
        else
            append_utf8(text_, point);
    }

    void character(uint32_t point)
    {
        text_ += '\'';
        escaped(point, '\'');
        text_ += '\'';
    }

    void string(std::string_view string)
    {
        text_ += '"';
        size_t count = 0;
        for (; !string.empty() && count < options_.elements && !is_full(); ++count) {
            const Character next = character_at(bytes_of(string));
            constexpr uint32_t replacement = 0xfffd;
            escaped(next.length == 0 ? replacement : next.code_point, '"');
            string.remove_prefix(std::max<size_t>(next.length, 1));
        }
        text_ += string.empty() ? "\"" : "\"...";
    }

    /// Writes what is between brackets: `count` items with commas between them.
    void sequence(char open, size_t count, size_t limit, char close, const auto& item)
    {
        text_ += open;
        for (size_t i = 0; i < std::min(count, limit) && !is_full(); ++i) {
            if (i > 0)
                text_ += ", ";
            item(i);
        }
        if (count > limit)
            text_ += limit > 0 ? ", ..." : "...";
        text_ += close;
    }

    void list(const Value& list, const Shape& shape)
    {
        const Shape& element = shape.element();
        if (!is_packed(shape)) {
            sequence('[', list.nodes().size(), options_.elements, ']',
                [&](size_t i) { value(list.nodes()[i], element); });
            return;
        }
        const auto* const bytes = reinterpret_cast<const uint8_t*>(list.packed().data());
        sequence('[', list.packed().size() / element.size, options_.elements, ']', [&](size_t i) {
            text_ += number_text(packed_number(bytes + i * element.size, element.kind), element.kind);
        });
    }

    void tuple(const Value& tuple, const Shape& shape)
    {
        sequence('(', shape.parts.size(), SIZE_MAX, ')',
            [&](size_t i) { value(tuple.nodes()[i], *shape.parts[i].shape); });
    }

    void record(const Value& record, const Shape& shape)
    {
        std::vector<size_t> given;
        for (size_t i = 0; i < shape.parts.size(); ++i)
            if (shape.parts[i].shape->kind != ComponentKind::Option || record.nodes()[i].bits != 0)
                given.push_back(i);
        if (given.empty()) {
            text_ += "{:}";
            return;
        }
        sequence('{', given.size(), SIZE_MAX, '}', [&](size_t i) {
            const ShapePart& field = shape.parts[given[i]];
            text_ += std::string(field.name) + ": ";
            value(record.nodes()[given[i]], *field.shape);
        });
    }

    /// A case with its payload.
    void chosen(const Value& chosen, const Shape& shape)
    {
        const ShapePart& part = shape.parts[chosen.bits];
        text_ += part.name;
        const Value* const payload = chosen.payload();
        if (!part.shape || !payload)
            return;
        text_ += '(';
        value(*payload, *part.shape);
        text_ += ')';
    }

    void flags(const Value& flags, const Shape& shape)
    {
        std::vector<std::string_view> set;
        for (size_t i = 0; i < shape.parts.size(); ++i)
            if (flags.bits >> i & 1)
                set.push_back(shape.parts[i].name);
        sequence('{', set.size(), SIZE_MAX, '}', [&](size_t i) { text_ += set[i]; });
    }

    void resource(const Value& value, const Shape& shape)
    {
        const std::string_view name =
            options_.names ? options_.names->find(shape.resource) : std::string_view();
        text_ += shape.kind == ComponentKind::Own ? "<own " : "<borrow ";
        text_ += name.empty() ? "resource" : name;
        if (const auto* held = std::get_if<std::shared_ptr<HeldResource>>(&value.content); held && *held)
            text_ += " " + std::to_string((*held)->rep);
        text_ += '>';
    }

    const WaveOptions& options_;
    std::string text_;
};

} // namespace

std::string to_wave(const Value& value, const Shape& shape, const WaveOptions& options)
{
    WaveWriter writer(options);
    writer.value(value, shape);
    return std::move(writer).finish();
}

} // namespace vitrine::core::component
