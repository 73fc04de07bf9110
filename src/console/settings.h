// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/words.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vitrine::core::console {

/// What a user can set: see console/settings.inc. A switch is 0 or 1.
struct Settings {
    /// A count that something else decides.
    static constexpr uint64_t automatic = UINT64_MAX;

#define SETTING(member, name, forms, values, initial, is_of_terminal, summary) uint64_t member = initial;
#include "console/settings.inc"

    /// A count of which 0 means that there is no end.
    static uint64_t limit(uint64_t count) { return count == 0 ? UINT64_MAX : count; }
};

/// A row of console/settings.inc.
struct Setting {
    enum class Values : uint8_t { Switch, Count };

    std::string_view name;
    std::string_view forms;
    Values values;
    uint64_t Settings::* member;
    bool is_of_terminal;
    std::string_view summary;
};

std::span<const Setting> setting_table();

/// Takes the name of a setting; null if the words begin with something else.
const Setting* take_setting(Words& words);

/// Changes a setting to the value that is left: `on`, `off`, a number, `unlimited`, `auto`.
Result<void> change(Settings& settings, const Setting& setting, Words& words);

/// `listsize: 11`
std::string setting_line(const Settings& settings, const Setting& setting);

} // namespace vitrine::core::console
