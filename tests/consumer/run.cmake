# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Builds and runs the project in this folder against the tree SOURCE (WAY=subdirectory), or against what
# `cmake --install BUILD` leaves (WAY=package).

set(work "${BUILD}/tests/consumer-${WAY}")

function(run)
    execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(WAY STREQUAL "package")
    file(REMOVE_RECURSE "${work}")
    run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${work}/prefix")
    set(vitrine "-DCMAKE_PREFIX_PATH=${work}/prefix")
else()
    set(vitrine "-DVITRINE_TREE=${SOURCE}")
endif()

run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${work}/build" -G Ninja "${vitrine}"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")
run("${CMAKE_COMMAND}" --build "${work}/build")
run("${work}/build/consumer")
