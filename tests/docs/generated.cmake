# Whether a generated document is what its program writes today.
#
#   cmake -D PROGRAM=<program> -D DOCUMENT=<file> -P generated.cmake
execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE fresh COMMAND_ERROR_IS_FATAL ANY)
file(READ "${DOCUMENT}" document)
if(NOT document STREQUAL fresh)
    message(FATAL_ERROR "${DOCUMENT} is stale: run scripts/generate-docs.sh")
endif()
