// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/disassembly.h"

#include <Zydis/Zydis.h>

namespace vitrine::core::test {

std::vector<Disassembled> disassemble(std::span<const uint8_t> code)
{
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatter formatter;
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_TRUE);
    for (const auto property : { ZYDIS_FORMATTER_PROP_DISP_PADDING, ZYDIS_FORMATTER_PROP_IMM_PADDING })
        ZydisFormatterSetProperty(&formatter, property, ZYDIS_PADDING_DISABLED);
    std::vector<Disassembled> lines;
    for (size_t offset = 0; offset < code.size();) {
        Disassembled& line = lines.emplace_back(Disassembled { static_cast<uint32_t>(offset), "(bad)", {} });
        ZydisDecodedInstruction instruction;
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(
                &decoder, code.data() + offset, code.size() - offset, &instruction, operands)))
            break;
        char text[128];
        ZydisFormatterFormatInstruction(&formatter, &instruction, operands, instruction.operand_count_visible,
            text, sizeof text, offset, nullptr);
        line.text = text;
        for (size_t i = 0; i < instruction.operand_count_visible; ++i) {
            ZyanU64 target = 0;
            const bool is_relative = operands[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE
                ? operands[i].imm.is_relative
                : operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY && operands[i].mem.base == ZYDIS_REGISTER_RIP;
            if (is_relative
                && ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&instruction, &operands[i], offset, &target)))
                line.target = target;
        }
        offset += instruction.length;
    }
    return lines;
}

} // namespace vitrine::core::test
