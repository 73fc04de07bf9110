// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/settings.h"

namespace vitrine::core::console {

namespace {

constexpr Setting table[] = {
#define SETTING(member, name, forms, values, initial, is_of_terminal, summary) \
    { name, forms, Setting::Values::values, &Settings::member, is_of_terminal, summary },
#include "console/settings.inc"
};

/// Takes the words of a name off the front; leaves the others alone if they begin differently.
bool take_name(Words& words, std::string_view name)
{
    Words rest = words;
    for (Words parts(name); !parts.at_end();)
        if (!rest.take(parts.next()))
            return false;
    words = rest;
    return true;
}

Result<uint64_t> take_value(Words& words, const Setting& setting)
{
    const std::string what = "a value for " + std::string(setting.name) + ": ";
    if (setting.values == Setting::Values::Switch) {
        // As in gdb, a name alone turns it on.
        if (words.at_end() || words.take("on"))
            return 1;
        if (words.take("off"))
            return 0;
        return failure("expected " + what + "on or off");
    }
    if (words.take("unlimited"))
        return 0;
    const bool can_be_automatic = Settings {}.*setting.member == Settings::automatic;
    if (can_be_automatic && words.take("auto"))
        return Settings::automatic;
    return words.number(what + (can_be_automatic ? "a number, unlimited or auto" : "a number or unlimited"));
}

} // namespace

std::span<const Setting> setting_table() { return table; }

const Setting* take_setting(Words& words)
{
    for (const Setting& setting : table) {
        if (take_name(words, setting.name))
            return &setting;
        for (Words forms(setting.forms); !forms.at_end();)
            if (words.take(forms.next()))
                return &setting;
    }
    return nullptr;
}

Result<void> change(Settings& settings, const Setting& setting, Words& words)
{
    const uint64_t value = TRY(take_value(words, setting));
    CHECK(words.end());
    settings.*setting.member = value;
    return {};
}

std::string setting_line(const Settings& settings, const Setting& setting)
{
    const uint64_t value = settings.*setting.member;
    std::string text = std::to_string(value);
    if (setting.values == Setting::Values::Switch)
        text = value != 0 ? "on" : "off";
    else if (value == Settings::automatic)
        text = "auto";
    else if (value == 0)
        text = "unlimited";
    return std::string(setting.name) + ": " + text;
}

} // namespace vitrine::core::console
