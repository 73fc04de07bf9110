# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Builds and runs the project in this folder, in a setting where CMake finds neither Boost nor LLVM:
#
#   WAY=subdirectory   by add_subdirectory of SOURCE; builds only what vitrine::vitrine needs
#   WAY=package        what `cmake --install BUILD` installs, once static and once shared
#   WAY=debian         the same with the packages in PACKAGES, in a folder that has these, what they depend on, and the
#                      C++ library; and the command, in a folder without compilers

set(work "${BUILD}/tests/consumer-${WAY}")
# What programs are run with.
set(launcher "")

function(run)
    execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(build folder)
    run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${folder}" -G Ninja ${ARGN}
        -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON -DCMAKE_DISABLE_FIND_PACKAGE_LLVM=ON
        "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")
    run("${CMAKE_COMMAND}" --build "${folder}")
    run(${launcher} "${folder}/consumer")
endfunction()

# needs_library(<variable> <program>): whether it needs the shared library.
function(needs_library variable program)
    execute_process(COMMAND readelf --dynamic "${program}" OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
    set(${variable} OFF PARENT_SCOPE)
    if(dynamic MATCHES "libvitrine\\.so\\.[0-9]+\\.[0-9]+\\]")
        set(${variable} ON PARENT_SCOPE)
    endif()
endfunction()

# Programs in C++, with find_package. The arguments tell CMake where.
function(check_cmake)
    foreach(is_shared IN ITEMS OFF ON)
        set(folder "${work}/build-shared-${is_shared}")
        build("${folder}" ${ARGN} -DBUILD_SHARED_LIBS=${is_shared}
            "-DPROGRAMS=${SOURCE}/tests/api" "-DEXAMPLES=${SOURCE}/examples")
        run(${launcher} "${folder}/everything")
        foreach(name IN ITEMS embed private stop)
            run(${launcher} "${folder}/${name}" "${SOURCE}/tests/api/bank.wasm")
        endforeach()
        run(${launcher} "${folder}/example" "${SOURCE}/examples/embed/vault.wasm")
        # Ctrl-C ends the game, and the end of its input ends the server. They make sockets where they run.
        run(timeout --preserve-status -s INT 1 ${launcher} "${folder}/game" "${SOURCE}/examples/game/script.wasm"
            WORKING_DIRECTORY "${folder}")
        run(${launcher} "${folder}/server" "${SOURCE}/examples/server/tenant.wasm" 100 INPUT_FILE /dev/null
            WORKING_DIRECTORY "${folder}")
        needs_library(is_needed "${folder}/everything")
        if(NOT is_needed STREQUAL is_shared)
            message(FATAL_ERROR "with BUILD_SHARED_LIBS=${is_shared} the program needs the shared library: ${is_needed}")
        endif()
    endforeach()
endfunction()

# check_files(<folder> <files>...): those that belong to the command are there, and the given ones.
function(check_files folder)
    foreach(file IN ITEMS ${ARGN} bash-completion/completions/vitrine fish/vendor_completions.d/vitrine.fish vitrine/vitrine.vsix
        doc/vitrine/docs/debug.md)
        if(NOT EXISTS "${folder}/${file}")
            message(FATAL_ERROR "there is no ${folder}/${file}")
        endif()
    endforeach()
endfunction()

# build_c(<program> <flags for the compiler> <options of pkg-config>...): a program in C, without CMake.
function(build_c program flags)
    find_program(pkg_config pkg-config REQUIRED)
    execute_process(COMMAND "${pkg_config}" --cflags --libs ${ARGN} vitrine OUTPUT_VARIABLE found COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND "${pkg_config}" --modversion vitrine OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE
        COMMAND_ERROR_IS_FATAL ANY)
    separate_arguments(found UNIX_COMMAND "${found}")
    run(cc -std=c11 -Wall -Wextra -Werror ${flags} "-DPACKAGE_VERSION=\"${version}\""
        "${SOURCE}/tests/consumer/everything.c" -o "${program}" ${found})
endfunction()

file(REMOVE_RECURSE "${work}")
if(WAY STREQUAL "subdirectory")
    build("${work}/build" "-DVITRINE_TREE=${SOURCE}")
    foreach(layer IN ITEMS host wasi api_wasi)
        file(GLOB_RECURSE objects "${work}/build/vitrine/src/${layer}/*.o")
        if(objects)
            message(FATAL_ERROR "the layer ${layer} was built, though only vitrine::vitrine is linked")
        endif()
    endforeach()
elseif(WAY STREQUAL "package")
    run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${work}/prefix")
    check_files("${work}/prefix/share" man/man1/vitrine.1 man/man1/vitrine-run.1 zsh/site-functions/_vitrine)
    run("${work}/prefix/bin/vitrine" --version)
    check_cmake("-DCMAKE_PREFIX_PATH=${work}/prefix")
    set(ENV{PKG_CONFIG_PATH} "${work}/prefix/lib/pkgconfig")
    build_c("${work}/everything_c" "")
    set(ENV{LD_LIBRARY_PATH} "${work}/prefix/lib")
    run("${work}/everything_c")
else()
    execute_process(COMMAND cc -print-multiarch OUTPUT_VARIABLE triplet OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND c++ -dumpversion OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    # set_root(<folder> <packages>...): makes the folder. Programs are then run with its libraries alone.
    macro(set_root folder)
        run("${PYTHON}" -B "${CMAKE_CURRENT_LIST_DIR}/clean_root.py" "${folder}" "${PACKAGES}" ${ARGN})
        file(GLOB loaders "${folder}/lib64/ld-linux-*.so.*" "${folder}/lib/ld-linux-*.so.*")
        list(GET loaders 0 loader)
        set(launcher "${loader}" --inhibit-cache --library-path "${folder}/usr/lib/${triplet}")
    endmacro()
    # check_libraries(<folder> <program>): all libraries are found, and found in the folder.
    function(check_libraries folder program)
        execute_process(COMMAND ${launcher} --list "${program}" OUTPUT_VARIABLE list COMMAND_ERROR_IS_FATAL ANY)
        string(REGEX MATCHALL "=> [^\n]*" libraries "${list}")
        foreach(library IN LISTS libraries)
            string(FIND "${library}" "=> ${folder}/" at)
            if(NOT at EQUAL 0)
                message(FATAL_ERROR "${program}: a library is not in the packages that it depends on: ${library}")
            endif()
        endforeach()
    endfunction()

    set(root "${work}/user")
    set_root("${root}" vitrine)
    run(${launcher} "${root}/usr/bin/vitrine" --version)
    check_libraries("${root}" "${root}/usr/bin/vitrine")
    run(${launcher} "${root}/usr/bin/vitrine" validate "${SOURCE}/tests/api/bank.wasm")
    check_files("${root}/usr/share" man/man1/vitrine.1.gz man/man1/vitrine-run.1.gz zsh/vendor-completions/_vitrine
        doc/vitrine/copyright doc/vitrine/changelog.gz)

    set(root "${work}/developer")
    set_root("${root}" libvitrine-dev libc6-dev libstdc++-${version}-dev)
    foreach(absent IN ITEMS boost fmt llvm-22)
        if(EXISTS "${root}/usr/include/${absent}")
            message(FATAL_ERROR "there is ${absent}")
        endif()
    endforeach()
    check_cmake("-DCMAKE_SYSROOT=${root}" "-DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY"
        "-DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY" "-DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY")
    check_libraries("${root}" "${work}/build-shared-ON/everything")

    set(ENV{PKG_CONFIG_LIBDIR} "${root}/usr/lib/${triplet}/pkgconfig")
    set(ENV{PKG_CONFIG_SYSROOT_DIR} "${root}")
    build_c("${work}/everything_c" "--sysroot=${root}")
    run(${launcher} "${work}/everything_c")
    check_libraries("${root}" "${work}/everything_c")
    build_c("${work}/everything_c_static" "--sysroot=${root};-static" --static)
    run("${work}/everything_c_static")
    needs_library(is_needed "${work}/everything_c")
    needs_library(is_needed_static "${work}/everything_c_static")
    if(NOT is_needed OR is_needed_static)
        message(FATAL_ERROR "programs in C need the shared library: ${is_needed}, the static one: ${is_needed_static}")
    endif()
endif()
