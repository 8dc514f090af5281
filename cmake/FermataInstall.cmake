# SPDX-License-Identifier: MIT
# What `cmake --install` gives: programs, the QEMU agent, static libraries with their headers, a CMake package, a
# pkg-config file, man pages. The folders are relative to the prefix, so an installed tree may be moved.
include(CMakePackageConfigHelpers)

set(FERMATA_AGENT_INSTALL_DIR "${CMAKE_INSTALL_LIBDIR}/fermata")
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Fermata")

get_property(libraries GLOBAL PROPERTY FERMATA_LIBRARIES)
install(TARGETS ${libraries} EXPORT FermataTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT FermataTargets NAMESPACE fermata:: DESTINATION ${package_dir})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/fermata DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/FermataConfig.cmake.in ${PROJECT_BINARY_DIR}/FermataConfig.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS FERMATA_AGENT_INSTALL_DIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/FermataConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/FermataConfig.cmake ${PROJECT_BINARY_DIR}/FermataConfigVersion.cmake
  DESTINATION ${package_dir})

# Static libraries: who uses comes before whom it uses, which is the declared order backwards.
set(FERMATA_PC_LIBS "")
foreach(library IN LISTS libraries)
  string(PREPEND FERMATA_PC_LIBS "-l${library} ")
endforeach()
string(STRIP "${FERMATA_PC_LIBS}" FERMATA_PC_LIBS)
file(RELATIVE_PATH FERMATA_PC_TO_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file(${CMAKE_CURRENT_LIST_DIR}/fermata.pc.in ${PROJECT_BINARY_DIR}/fermata.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/fermata.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The agent cannot be built in every configuration (sanitizers), nor need the programs be.
foreach(program IN ITEMS fermata fermata-machine fermata-qemu)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(FILES ${PROJECT_SOURCE_DIR}/packaging/man/${program}.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  endif()
endforeach()
if(TARGET fermata_qemu_agent)
  install(TARGETS fermata_qemu_agent LIBRARY DESTINATION ${FERMATA_AGENT_INSTALL_DIR})
endif()

# Where Debian looks for a package's documents: its name is in lower case.
set(document_dir "${CMAKE_INSTALL_DATAROOTDIR}/doc/fermata")
install(FILES README.md CHANGELOG.md packaging/copyright DESTINATION ${document_dir})
install(DIRECTORY LICENSES DESTINATION ${document_dir})

if(PROJECT_IS_TOP_LEVEL)
  include(FermataPackage)
  if(FERMATA_BUILD_TESTS)
    add_subdirectory(packaging)
  endif()
endif()
