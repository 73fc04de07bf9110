// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/code_listing.h"

#include "base/number.h"
#include "base/text.h"
#include "door/inner.h"
#include "engine/engine.h"
#include "wasm/printer.h"

#include <Zydis/Zydis.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include <dlfcn.h>

namespace vitrine::cli {

namespace {

namespace jit = core::jit;

/// More exits than this are not described, as each takes another compilation.
constexpr uint32_t max_described = 256;

/// Reads machine instructions.
class Reader {
public:
    Reader()
    {
        ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        ZydisFormatterInit(&formatter_, ZYDIS_FORMATTER_STYLE_INTEL);
        for (const auto property : { ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
                 ZYDIS_FORMATTER_PROP_DISP_PADDING, ZYDIS_FORMATTER_PROP_IMM_PADDING })
            ZydisFormatterSetProperty(&formatter_, property, ZYDIS_PADDING_DISABLED);
        ZydisFormatterSetProperty(&formatter_, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
    }

    struct Line {
        std::string text;
        uint32_t length = 1;
        /// Where a jump leads.
        std::optional<uint64_t> target {};
        bool is_call = false;
    };
    Line read(std::span<const uint8_t> code, uint32_t offset)
    {
        ZydisDecodedInstruction instruction;
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(
                &decoder_, code.data() + offset, code.size() - offset, &instruction, operands)))
            return { fmt::format("data {:#04x}", code[offset]) };
        Line line {
            .text = "", .length = instruction.length, .is_call = instruction.mnemonic == ZYDIS_MNEMONIC_CALL
        };
        const auto& last =
            operands[instruction.operand_count_visible > 0 ? instruction.operand_count_visible - 1 : 0];
        const bool has_constant =
            instruction.operand_count_visible > 0 && last.type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
        // Addresses of functions are other ones in each process.
        Dl_info object;
        if (has_constant && last.size == 64
            && dladdr(reinterpret_cast<const void*>(last.imm.value.u), &object)) {
            line.text = fmt::format(
                "mov {}, (a function of the runtime)", ZydisRegisterGetString(operands[0].reg.value));
            return line;
        }
        char text[128];
        ZydisFormatterFormatInstruction(&formatter_, &instruction, operands,
            instruction.operand_count_visible, text, sizeof text, offset, nullptr);
        line.text = text;
        ZyanU64 target = 0;
        if (has_constant && last.imm.is_relative
            && ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&instruction, &last, offset, &target)))
            line.target = target;
        return line;
    }

private:
    ZydisDecoder decoder_ {};
    ZydisFormatter formatter_ {};
};

/// `slot[0] = edi, slot[3] = 0x5`
std::string text_of(const std::vector<jit::ValuePlace>& places)
{
    constexpr std::string_view general[] { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9",
        "r10", "r11", "r12", "r13", "r14", "r15" };
    std::string text;
    for (const jit::ValuePlace& place : places) {
        using enum jit::ValuePlace::Kind;
        text += fmt::format("{}slot[{}] = ", text.empty() ? "" : ", ", place.slot);
        switch (place.kind) {
        case General: text += general[place.reg_or_slot]; break;
        case Vector:
        case Vector16: text += fmt::format("xmm{}", place.reg_or_slot); break;
        case Constant: text += core::hex(place.constant); break;
        case Slot: text += fmt::format("slot[{}]", place.reg_or_slot); break;
        }
    }
    return text;
}

/// Writes the listing of one version.
class Listing {
public:
    Listing(const jit::CompileRequest& request, const jit::CompiledCode& code)
        : request_(request), code_(code)
    {}

    std::string text(std::span<const jit::CodePosition> positions)
    {
        machine_code(0, positions.front().code);
        for (size_t i = 0; i + 1 < positions.size(); ++i) {
            instruction(positions[i].offset);
            machine_code(positions[i].code, positions[i + 1].code);
        }
        if (positions.back().code < code_.first_exit)
            text_ += "  out of line:\n";
        machine_code(positions.back().code, code_.first_exit);
        exits();
        const uint32_t end = code_.first_exit + code_.exit_count * jit::CompiledCode::exit_bytes;
        if (end < code_.bytes.size())
            text_ += fmt::format("  {} bytes of constants and tables\n", code_.bytes.size() - end);
        return std::move(text_);
    }

private:
    bool is_exit(uint64_t target) const
    {
        return target >= code_.first_exit
            && target < code_.first_exit + code_.exit_count * jit::CompiledCode::exit_bytes;
    }

    void instruction(uint32_t offset)
    {
        const core::Module& module = request_.module;
        const core::CodeOffset place = module.meta(request_.function).body_offset + offset;
        core::ByteReader in(module.bytes().subspan(place), place);
        const auto decoded = core::decode_instruction(in);
        text_ += fmt::format(
            "  {:#x}: {}\n", place, decoded ? core::to_text(*decoded, module, request_.function) : "");
    }

    void machine_code(uint32_t begin, uint32_t end)
    {
        while (begin < end) {
            for (const jit::CodeEntry& entry : code_.entries)
                if (entry.code == begin)
                    text_ += "         entry of the loop:\n";
            const Reader::Line line = reader_.read(code_.bytes, begin);
            text_ += fmt::format("    {:04x}  {}", begin, line.text);
            begin += line.length;
            if (line.target && is_exit(*line.target))
                text_ += fmt::format(
                    "  ; exit {}", (*line.target - code_.first_exit) / jit::CompiledCode::exit_bytes);
            if (line.is_call
                && std::ranges::find(code_.sites, begin, &jit::CallSite::code) != code_.sites.end())
                text_ += "  ; site";
            text_ += "\n";
        }
    }

    void exits()
    {
        if (code_.exit_count > max_described) {
            text_ += fmt::format("  {}\n", core::count_text(code_.exit_count, "exit"));
            return;
        }
        const auto notes = jit::describe(request_, UINT64_MAX);
        ASSERT(notes);
        for (const jit::Notes::Place& place : notes->exits()) {
            const jit::Note note = notes->read(place);
            const std::string places = text_of(note.places);
            text_ += fmt::format("  exit {} at {:#x}{}{}{}\n", place.code,
                request_.module.meta(request_.function).body_offset + note.offset,
                note.is_entry ? ", before the frame exists" : "", places.empty() ? "" : ": ", places);
        }
    }

    const jit::CompileRequest& request_;
    const jit::CompiledCode& code_;
    Reader reader_;
    std::string text_;
};

} // namespace

std::optional<jit::Processor> find_processor(std::string_view name)
{
    if (name == "sse4.2")
        return jit::Processor {};
    if (name == "avx2")
        return jit::Processor { .avx = true, .avx2 = true, .bmi1 = true, .bmi2 = true, .lzcnt = true };
    return std::nullopt;
}

std::string code_listing(
    const Engine& engine, const core::Module& module, core::FuncIndex function, const CodeOptions& options)
{
    const core::FuncMeta& meta = module.meta(function);
    // As for an instance whose memory could be reserved.
    const core::MemoryType* memory =
        module.memories.empty() ? nullptr : &module.memories[core::MemoryIndex { 0 }].type;
    const bool may_fault = options.signal_handlers
        && (!memory
            || (!memory->limits.is_64 && memory->page_size_log2 >= core::Memory::system_page_size_log2));
    jit::VersionKey key;
    key.checks_bounds = memory && !may_fault;
    const jit::CompileRequest request { module, door::inner(engine)->types, function, key,
        options.processor };
    std::vector<jit::CodePosition> positions;
    jit::CompileRequest listed = request;
    listed.positions = &positions;
    const auto code = jit::compile(listed);
    const std::string head =
        core::identifier(module.names().functions.find(function.value), "func", function.value);
    if (!code)
        return fmt::format("{}: not compiled: {}\n", head, jit::to_text(code.error()));
    return fmt::format("{}: {} bytes, {} of machine code\n", head, meta.end_offset - meta.body_offset,
               code->bytes.size())
        + Listing(request, *code).text(positions);
}

Result<std::string> code_listing(const Engine& engine, std::span<const LoadedModule> modules,
    const std::string& function, const CodeOptions& options)
{
    const auto number = core::parse_unsigned(function);
    for (const LoadedModule& loaded : modules)
        for (const FuncInfo& row : loaded.module.functions()) {
            const bool is_meant = number
                ? row.index == *number
                : row.name == function || std::ranges::find(row.exports, function) != row.exports.end();
            if (!is_meant)
                continue;
            if (row.import)
                return Error("--dump-code " + function + ": this function is imported");
            return code_listing(engine, *door::inner(loaded.module), { row.index }, options);
        }
    return Error("--dump-code " + function + ": there is no function of this name or index");
}

} // namespace vitrine::cli
