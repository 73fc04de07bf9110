# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# `cmake --install`: headers, libraries, the package that find_package(vitrine) finds, and the command with its
# documentation. There are three components, of which debian.cmake makes packages:
#
#   library      the shared library
#   development  what programs that use it are built with
#   command      the command

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/vitrine")

get_property(installed GLOBAL PROPERTY vitrine_installed)
install(TARGETS ${installed} EXPORT vitrine-targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT library NAMELINK_COMPONENT development
)
install(EXPORT vitrine-targets NAMESPACE vitrine:: DESTINATION "${package_dir}" COMPONENT development)

set(absent "")
if(NOT VITRINE_BUILD_WASI)
    list(APPEND absent PATTERN wasi.hpp EXCLUDE PATTERN wasi.h EXCLUDE)
endif()
if(NOT VITRINE_BUILD_DEBUGGER)
    list(APPEND absent PATTERN debugger.hpp EXCLUDE PATTERN debugger.h EXCLUDE)
endif()
install(DIRECTORY include/vitrine DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development ${absent})
install(FILES include/vitrine.h include/wasm.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development)
# For C programs, and others that do not use CMake. Each library comes before those that it needs.
set(libraries_of_pc "")
foreach(product IN ITEMS DEBUGGER WASI)
    if(VITRINE_BUILD_${product})
        string(TOLOWER ${product} product)
        string(APPEND libraries_of_pc "-lvitrine_${product} ")
    endif()
endforeach()
file(RELATIVE_PATH prefix_from_pc "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(cmake/vitrine.pc.in vitrine.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/vitrine.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
    COMPONENT development)

set(products vitrine)
foreach(product IN ITEMS WASI DEBUGGER)
    if(VITRINE_BUILD_${product})
        string(TOLOWER ${product} product)
        list(APPEND products ${product})
    endif()
endforeach()
configure_file(cmake/vitrine-config.cmake.in vitrine-config.cmake @ONLY)
write_basic_package_version_file(vitrine-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/vitrine-config.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/vitrine-config-version.cmake"
    DESTINATION "${package_dir}"
    COMPONENT development
)
if(TARGET vitrine)
    set(VITRINE_ZSH_DIR share/zsh/site-functions CACHE STRING "Where completions for zsh are installed")
    set(completions "${vitrine_BINARY_DIR}/share/completions")
    install(TARGETS vitrine RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT command)
    install(DIRECTORY "${vitrine_BINARY_DIR}/share/man/" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT command)
    install(FILES "${completions}/vitrine" DESTINATION share/bash-completion/completions COMPONENT command)
    install(FILES "${completions}/_vitrine" DESTINATION "${VITRINE_ZSH_DIR}" COMPONENT command)
    install(FILES "${completions}/vitrine.fish" DESTINATION share/fish/vendor_completions.d COMPONENT command)
    install(FILES "${vitrine_BINARY_DIR}/vitrine.vsix" DESTINATION share/vitrine COMPONENT command)
    install(FILES README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT command)
    install(DIRECTORY docs DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT command)
endif()
