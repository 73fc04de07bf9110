// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/wat_source.h"

#include "base/number.h"
#include "base/text.h"
#include "wasm/printer.h"

#include <algorithm>

namespace vitrine::core::debug {

namespace {

/// An instruction becomes up to 25 times as many bytes of text.
constexpr uint32_t max_code_bytes = 4 << 20;
constexpr size_t max_kept = 8;

constexpr std::string_view path_begin = "/func[";

} // namespace

Result<std::shared_ptr<const WatSource>> WatSource::of(const Module& module, FuncIndex function)
{
    if (function.value >= module.functions.size() || module.is_imported(function))
        return failure("the function is not in the module");
    const FuncMeta& body = module.meta(function);
    if (body.end_offset - body.body_offset > max_code_bytes)
        return failure("the function has more than " + std::to_string(max_code_bytes >> 20)
            + " MiB of code, which is too much to show");
    DisassembledFunction lines = disassemble_lines(module, function);
    std::shared_ptr<WatSource> result(new WatSource);
    result->text_ = TRY(source::Text::of(std::move(lines.text)));
    result->function_ = function;
    result->code_begin_ = body.code_offset;
    result->code_end_ = body.end_offset;
    result->offsets_ = std::move(lines.offsets);
    return result;
}

uint32_t WatSource::line_of(CodeOffset offset) const
{
    if (offset < code_begin_ || offset >= code_end_)
        return 0;
    return static_cast<uint32_t>(std::ranges::upper_bound(offsets_, offset) - offsets_.begin());
}

std::optional<CodeOffset> WatSource::offset_of(uint32_t line) const
{
    if (line == 0 || line > offsets_.size())
        return std::nullopt;
    return std::max(offsets_[line - 1], code_begin_);
}

std::string wat_path(std::string_view module_path, const Module& module, FuncIndex function)
{
    std::string_view name = module_path.substr(module_path.rfind('/') + 1);
    if (name.ends_with(".wasm"))
        name.remove_suffix(std::string_view(".wasm").size());
    const std::string label = module.name_of(ExternKind::Func, function.value);
    return (name.empty() ? "module" : std::string(name)) + ".wat" + std::string(path_begin)
        + std::to_string(function.value) + "]" + (label.empty() ? "" : " " + identifier(label, "", 0));
}

std::optional<FuncIndex> function_of_wat_path(std::string_view path)
{
    // The name of the function may contain anything; the path before it cannot.
    const size_t begin = path.find(".wat" + std::string(path_begin));
    if (begin == std::string_view::npos)
        return std::nullopt;
    const std::string_view rest = path.substr(path.find('[', begin) + 1);
    const size_t end = rest.find(']');
    if (end == std::string_view::npos || rest.substr(0, end).find_first_not_of("0123456789") != rest.npos)
        return std::nullopt;
    const auto index = parse_unsigned(rest.substr(0, end));
    if (!index || *index > UINT32_MAX)
        return std::nullopt;
    return FuncIndex { static_cast<uint32_t>(*index) };
}

std::string_view module_of_wat_path(std::string_view path)
{
    return path.substr(0, path.find(".wat" + std::string(path_begin)));
}

Result<std::shared_ptr<const WatSource>> WatSources::find(
    const std::shared_ptr<const Module>& module, FuncIndex function)
{
    const std::lock_guard lock(mutex_);
    const auto kept = std::ranges::find_if(kept_,
        [&](const Kept& each) { return each.module == module && each.source->function() == function; });
    if (kept != kept_.end()) {
        kept_.splice(kept_.begin(), kept_, kept);
        return kept_.front().source;
    }
    auto source = TRY(WatSource::of(*module, function));
    kept_.push_front({ module, std::move(source) });
    if (kept_.size() > max_kept)
        kept_.pop_back();
    return kept_.front().source;
}

} // namespace vitrine::core::debug
