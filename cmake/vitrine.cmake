# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# How the targets of this project are made: one static library per folder of src/, the libraries for embedders
# from the same objects, and the options all of them share.

include(GNUInstallDirs)
find_package(Threads REQUIRED)

find_program(VITRINE_CCACHE ccache)
if(VITRINE_CCACHE AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${VITRINE_CCACHE}")
endif()

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()

# vitrine_options(<target>): how our own sources are compiled. Nothing of it reaches an embedder.
function(vitrine_options target)
    set_target_properties(${target} PROPERTIES
        CXX_STANDARD 23
        CXX_STANDARD_REQUIRED ON
        CXX_EXTENSIONS OFF
        POSITION_INDEPENDENT_CODE ON
        CXX_VISIBILITY_PRESET hidden
        VISIBILITY_INLINES_HIDDEN ON
    )
    target_include_directories(${target} PRIVATE "${vitrine_SOURCE_DIR}/src" "${vitrine_SOURCE_DIR}/include")
    target_compile_options(${target} PRIVATE
        # Rounding and bit counting as single instructions: every x86-64 processor since 2009.
        $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-march=x86-64-v2>
        -Wall -Wextra -Wswitch
        $<$<BOOL:${VITRINE_WERROR}>:-Werror>
        # g++ 12 warns about memcpy inside std::string's operator+ without a reason.
        $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
    )
    if(VITRINE_SANITIZE)
        target_compile_options(${target} PRIVATE -fsanitize=${VITRINE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
        target_link_options(${target} PUBLIC -fsanitize=${VITRINE_SANITIZE})
    endif()
    if(VITRINE_BUILD_FUZZERS)
        target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
endfunction()

# vitrine_layer(<name> SOURCES <files>... [DEPENDS <layers>...] [LINKS <libraries>...])
# makes the static library vitrine_<name> of the folder src/<name>. LINKS names what is not a layer.
function(vitrine_layer name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LINKS")
    set(target vitrine_${name})
    add_library(${target} STATIC ${arg_SOURCES})
    vitrine_options(${target})
    list(TRANSFORM arg_DEPENDS PREPEND vitrine_)
    target_link_libraries(${target} PRIVATE ${arg_DEPENDS} ${arg_LINKS})
endfunction()

# vitrine_git(<variable> <default> <arguments>...): what git says about the tree, asked anew with each commit; the default
# outside of git.
function(vitrine_git variable default)
    execute_process(COMMAND git ${ARGN} WORKING_DIRECTORY "${vitrine_SOURCE_DIR}"
        OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(EXISTS "${vitrine_SOURCE_DIR}/.git/logs/HEAD")
        set_property(DIRECTORY "${vitrine_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS .git/logs/HEAD)
    endif()
    if(NOT answer)
        set(answer "${default}")
    endif()
    set(${variable} "${answer}" PARENT_SCOPE)
endfunction()

# vitrine_command(SOURCES <files>... TELLS_COMMIT <file> [DEPENDS <layers>...] [LINKS <libraries>...])
# makes the executable `vitrine`, at the top of the build folder. One source sees VITRINE_COMMIT as a
# string, so that a commit compiles that one again, and no other.
function(vitrine_command)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "TELLS_COMMIT" "SOURCES;DEPENDS;LINKS")
    vitrine_git(commit unknown rev-parse --short=12 HEAD)
    add_executable(vitrine ${arg_SOURCES})
    vitrine_options(vitrine)
    set_property(SOURCE ${arg_TELLS_COMMIT} APPEND PROPERTY COMPILE_DEFINITIONS VITRINE_COMMIT="${commit}")
    set_target_properties(vitrine PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${vitrine_BINARY_DIR}")
    list(TRANSFORM arg_DEPENDS PREPEND vitrine_)
    target_link_libraries(vitrine PRIVATE ${arg_DEPENDS} ${arg_LINKS} Threads::Threads)
endfunction()

# vitrine_manual() makes what the command writes about itself, in the build folder's share/: the pages of the manual, and
# completions for shells.
function(vitrine_manual)
    set(share "${vitrine_BINARY_DIR}/share")
    string(TIMESTAMP today "%Y-%m-%d" UTC)
    vitrine_git(date ${today} log -1 --format=%cs)
    add_custom_command(OUTPUT "${share}/made"
        COMMAND ${CMAKE_COMMAND} -E rm -rf "${share}"
        COMMAND ${CMAKE_COMMAND} -E make_directory "${share}/man" "${share}/completions"
        COMMAND vitrine man-pages "${share}/man" ${date}
        COMMAND vitrine completions bash > "${share}/completions/vitrine"
        COMMAND vitrine completions zsh > "${share}/completions/_vitrine"
        COMMAND vitrine completions fish > "${share}/completions/vitrine.fish"
        COMMAND ${CMAKE_COMMAND} -E touch "${share}/made"
        DEPENDS vitrine
        VERBATIM
    )
    add_custom_target(vitrine_manual ALL DEPENDS "${share}/made")
endfunction()

# vitrine_library(<target> <exported name>): what all libraries for embedders have in common.
function(vitrine_library target name)
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} LINKER_LANGUAGE CXX)
    add_library(vitrine::${name} ALIAS ${target})
    target_compile_features(${target} INTERFACE cxx_std_20)
    target_include_directories(${target} INTERFACE
        $<BUILD_INTERFACE:${vitrine_SOURCE_DIR}/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    )
    if(VITRINE_SANITIZE)
        target_link_options(${target} PUBLIC -fsanitize=${VITRINE_SANITIZE})
    endif()
    set_property(GLOBAL APPEND PROPERTY vitrine_installed ${target})
endfunction()

# vitrine_shared_library() makes the shared library vitrine::vitrine_shared. It has the objects of all products that are
# made after it, since the layers of one call what another one hides.
function(vitrine_shared_library)
    set(exports "${vitrine_SOURCE_DIR}/cmake/exports.map")
    add_library(vitrine_shared SHARED)
    vitrine_library(vitrine_shared vitrine_shared)
    set_target_properties(vitrine_shared PROPERTIES
        OUTPUT_NAME vitrine
        VERSION ${PROJECT_VERSION}
        # Before 1.0 a minor version may break.
        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
        LINK_DEPENDS "${exports}"
    )
    target_link_libraries(vitrine_shared PRIVATE Threads::Threads)
    target_link_options(vitrine_shared PRIVATE "LINKER:--version-script=${exports}")
endfunction()

# vitrine_product(<name> LAYERS <layers>... [USES <products>...])
# makes what an embedder links as vitrine::<name>: the layers that implement a part of the API. BUILD_SHARED_LIBS says
# whether that is the static library vitrine::<name>_static or the shared library of all products.
function(vitrine_product name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LAYERS;USES")
    list(TRANSFORM arg_LAYERS REPLACE "(.+)" "$<TARGET_OBJECTS:vitrine_\\1>" OUTPUT_VARIABLE objects)
    if(TARGET vitrine_shared)
        target_sources(vitrine_shared PRIVATE ${objects})
    endif()
    if(VITRINE_BUILD_STATIC)
        set(target vitrine_product_${name})
        add_library(${target} STATIC ${objects})
        vitrine_library(${target} ${name}_static)
        string(REPLACE "vitrine_vitrine" "vitrine" file vitrine_${name})
        set_target_properties(${target} PROPERTIES OUTPUT_NAME ${file})
        list(TRANSFORM arg_USES REPLACE "(.+)" "vitrine_product_\\1" OUTPUT_VARIABLE uses)
        target_link_libraries(${target} INTERFACE ${uses} Threads::Threads)
    endif()
    if(BUILD_SHARED_LIBS)
        add_library(vitrine::${name} ALIAS vitrine_shared)
    else()
        add_library(vitrine::${name} ALIAS vitrine_product_${name})
    endif()
endfunction()
