/// A rule that a document breaks. https://spec.graphql.org/October2021/#sec-Validation
package struct ValidationError: Sendable, Hashable {
  /// The rule, as graphql-js and those after it name it.
  package let rule: Rule
  /// A sentence without a point.
  package let message: String
  /// Byte offset in the document.
  package let offset: Int

  package enum Rule: String, Sendable, Hashable, CaseIterable {
    case executableDefinitions = "ExecutableDefinitionsRule"
    case uniqueOperationNames = "UniqueOperationNamesRule"
    case loneAnonymousOperation = "LoneAnonymousOperationRule"
    case singleFieldSubscriptions = "SingleFieldSubscriptionsRule"
    case knownTypeNames = "KnownTypeNamesRule"
    case fragmentsOnCompositeTypes = "FragmentsOnCompositeTypesRule"
    case variablesAreInputTypes = "VariablesAreInputTypesRule"
    case scalarLeafs = "ScalarLeafsRule"
    case fieldsOnCorrectType = "FieldsOnCorrectTypeRule"
    case uniqueFragmentNames = "UniqueFragmentNamesRule"
    case knownFragmentNames = "KnownFragmentNamesRule"
    case noUnusedFragments = "NoUnusedFragmentsRule"
    case possibleFragmentSpreads = "PossibleFragmentSpreadsRule"
    case noFragmentCycles = "NoFragmentCyclesRule"
    case uniqueVariableNames = "UniqueVariableNamesRule"
    case noUndefinedVariables = "NoUndefinedVariablesRule"
    case noUnusedVariables = "NoUnusedVariablesRule"
    case knownDirectives = "KnownDirectivesRule"
    case uniqueDirectivesPerLocation = "UniqueDirectivesPerLocationRule"
    case knownArgumentNames = "KnownArgumentNamesRule"
    case uniqueArgumentNames = "UniqueArgumentNamesRule"
    case valuesOfCorrectType = "ValuesOfCorrectTypeRule"
    case providedRequiredArguments = "ProvidedRequiredArgumentsRule"
    case variablesInAllowedPosition = "VariablesInAllowedPositionRule"
    case overlappingFieldsCanBeMerged = "OverlappingFieldsCanBeMergedRule"
    case uniqueInputFieldNames = "UniqueInputFieldNamesRule"
    /// Ours: the document costs more to check than the limit allows.
    case budget = "Budget"
  }
}
