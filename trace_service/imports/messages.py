"""The texts of import errors in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass

from trace_service.imports.codes import Code

BETWEEN = " / "  # the two languages of a text ...
DETAIL_BETWEEN = " | "  # ... and of a detail that is filled in


@dataclass(frozen=True, slots=True)
class Text:
    """Message and fix, Chinese first; both may hold named places. A note keeps nothing out."""

    message: str
    fix: str
    note: bool = False


TEXTS: dict[Code, Text] = {
    Code.FILE_TOO_LARGE: Text(
        "文件超过 {limit} 字节 / the file is larger than {limit} bytes",
        "拆分文件后分别上传 / split the file and upload the parts",
    ),
    Code.NOT_READABLE: Text(
        "无法读取：{reason} / cannot be read: {reason}",
        "在 Excel 或 WPS 中打开并另存为 .xlsx / open it in Excel or WPS and save it as .xlsx",
    ),
    Code.ENCRYPTED: Text(
        "文件有密码保护 / the file is protected by a password",
        "取消密码后保存再上传 / save it without the password",
    ),
    Code.PACKED_TOO_MUCH: Text(
        "{part} 解压后过大或项目过多 / {part}: too many entries, or too large when unpacked",
        "仅保留需要的工作表和单元格，另存后上传 / keep only the sheets and cells needed and save again",
    ),
    Code.FORBIDDEN_XML: Text(
        "{part} 含有不允许的 XML 内容：{reason} / {part} holds XML that is not allowed: {reason}",
        "在 Excel 或 WPS 中打开并另存为 .xlsx / open it in Excel or WPS and save it as .xlsx",
    ),
    Code.TOO_MANY_SHEETS: Text(
        "工作表超过 {limit} 个 / more than {limit} sheets", "拆分文件 / split the file"
    ),
    Code.TOO_MANY_ROWS: Text(
        "超过 {limit} 行 / more than {limit} rows",
        "拆分工作表，并删除表尾的空白格式 / split the sheet; delete formatting below the last row",
    ),
    Code.TOO_MANY_COLUMNS: Text(
        "超过 {limit} 列 / more than {limit} columns",
        "删除不需要的列和右侧的空白格式 / delete columns not needed and formatting to their right",
    ),
    Code.TOO_MANY_CELLS: Text(
        "单元格或文字总量过多（上限 {limit}） / too many cells or too much text (limit {limit})",
        "拆分工作表 / split the sheet",
    ),
    Code.UNKNOWN_ENCODING: Text(
        "既不是 UTF-8 也不是 GB18030 文本 / neither UTF-8 nor GB18030 text",
        "另存为“CSV UTF-8” / save it as “CSV UTF-8”",
    ),
    Code.UNKNOWN_TYPE: Text(
        "不知道此表属于哪一类：{given} / it is not known what the rows of {given} are",
        "用表名命名文件或指定类型，可用：{known} / name the file after the sheet or give the type: {known}",
    ),
    Code.MAPPING_INVALID: Text(
        "列对应关系不可用：{reason} / the mapping cannot be used: {reason}",
        '格式为 {{"工作表": {{"列名": "字段"}}}} / its form is {{"sheet": {{"column header": "field"}}}}',
    ),
    Code.NOTHING_TO_IMPORT: Text(
        "没有可导入的行 / there are no rows to import",
        "请使用模板 / start from the template",
    ),
    Code.UNKNOWN_SHEET: Text(
        "未识别的工作表，已忽略 / this sheet is not known and was ignored",
        "如需导入，改名为：{known} / to import it, rename it to one of: {known}",
        note=True,
    ),
    Code.HIDDEN_SHEET: Text(
        "隐藏的工作表，已忽略 / this sheet is hidden and was ignored",
        "如需导入，请取消隐藏 / unhide it to import it",
        note=True,
    ),
    Code.DUPLICATE_SHEET: Text(
        "与工作表“{other}”属于同一类 / of the same type as sheet “{other}”",
        "合并为一个工作表 / merge the two sheets",
    ),
    Code.NO_HEADER: Text(
        "前 {limit} 行内没有表头 / no header row within the first {limit} rows",
        "表头至少应有：{required} / the header needs at least: {required}",
    ),
    Code.UNKNOWN_COLUMN: Text(
        "未识别的列，已忽略 / this column is not known and was ignored",
        "如需导入，改用模板的列名或提供列对应关系 / use the template's header or a mapping to import it",
        note=True,
    ),
    Code.PERSONAL_COLUMN: Text(
        "个人证件号码不会写入记录，此列已忽略 / personal ID numbers are never recorded; ignored",
        "请从文件中删除此列 / remove the column from the file",
        note=True,
    ),
    Code.MISSING_COLUMN: Text(
        "缺少必需的列“{field}” / the required column “{field}” is missing",
        "加入此列，可用的列名：{accepted} / add it; accepted headers: {accepted}",
    ),
    Code.DUPLICATE_COLUMN: Text(
        "“{field}”出现两次，另一列为 {other} / “{field}” is given twice, also in column {other}",
        "只保留一列 / keep one of the two columns",
    ),
    Code.MISSING_VALUE: Text("此处必填 / a value is required here", "填写{field} / fill in {field}"),
    Code.CELL_TOO_LONG: Text(
        "文字超过 {limit} 个字符 / the text is longer than {limit} characters",
        "缩短文字 / shorten the text",
    ),
    Code.CONTROL_CHARACTER: Text(
        "含有不可见的控制字符 / the text holds an invisible control character",
        "重新输入此单元格 / type the cell again",
    ),
    Code.FORMULA_WITHOUT_VALUE: Text(
        "公式没有保存结果 / the formula has no stored result",
        "在 Excel 或 WPS 中打开、重新计算并保存 / open the file in Excel or WPS, let it calculate, and save",
    ),
    Code.ERROR_CELL: Text(
        "单元格是公式错误 / the cell holds a formula error",
        "修正公式或填写数值 / mend the formula or type the value",
    ),
    Code.IDENTIFIER_AS_NUMBER: Text(
        "编号以数字存储：前导零和第 15 位以后的数字会丢失 / the number is stored as a numeric value: "
        "leading zeros and digits beyond the 15th are lost",
        "将该列设为“文本”格式后重新输入 / format the column as text and type the value again",
    ),
    Code.IDENTIFIER_MALFORMED: Text(
        "编号格式不符：{reason} / not a usable identifier: {reason}",
        "检查编号 / check the identifier",
    ),
    Code.DATE_MALFORMED: Text("不是日期 / not a date", "写作 2026-03-02 / write it as 2026-03-02"),
    Code.DATE_IN_FUTURE: Text(
        "日期晚于今天（{today}） / the date is later than today ({today})",
        "检查年份 / check the year",
    ),
    Code.TIMES_MALFORMED: Text(
        "时间无法识别：{reason} / the times cannot be read: {reason}",
        "写作 08:30-17:30(60)，括号内为休息分钟数 / write 08:30-17:30(60), the break in minutes in brackets",
    ),
    Code.NUMBER_MALFORMED: Text("不是{what} / not {what}", "只填写数字 / write digits only"),
    Code.NUMBER_OUT_OF_RANGE: Text(
        "应在 {low} 与 {high} 之间 / it must lie between {low} and {high}",
        "检查数值 / check the number",
    ),
    Code.BOOLEAN_MALFORMED: Text(
        "不是“是”或“否” / neither yes nor no", "填写 是 或 否 / write 是 (yes) or 否 (no)"
    ),
    Code.CHOICE_UNKNOWN: Text(
        "不在可选值之内 / not one of the values allowed here", "可选：{choices} / one of: {choices}"
    ),
    Code.LIST_MALFORMED: Text(
        "列表无法识别：{reason} / the list cannot be read: {reason}",
        "写作 1-15;17 / write it as 1-15;17",
    ),
    Code.TIME_MALFORMED: Text(
        "时间无法识别：{what} / the time cannot be read: {what}",
        "写作 08:30 或 2026-03-02T08:00:00Z / write 08:30, or 2026-03-02T08:00:00Z",
    ),
    Code.SIGNERS_MALFORMED: Text(
        "会签方无法识别：{reason} / the countersigners cannot be read: {reason}",
        "写作 身份=单位; 身份=单位 / write school=did:web:school.example; enterprise=did:web:firm.example",
    ),
    Code.LINKS_MALFORMED: Text(
        "关联记录无法识别：{reason} / the links cannot be read: {reason}",
        "写作 关系=编号; 关系=编号[条目,条目] / write performedUnder=A-1; alignsTo=B-2[item,item]",
    ),
    Code.DUPLICATE_ROW: Text(
        "与第 {other} 行重复（{what}） / the same as row {other} ({what})",
        "删除其中一行，或更正编号 / delete one of the two rows, or correct the number",
    ),
    Code.GROUP_CONFLICT: Text(
        "与同一编号的第 {other} 行（{expected}）不一致 / "
        "differs from row {other} of the same number ({expected})",
        "同一编号的各行在此列应相同 / all rows of one number must agree in this column",
    ),
    Code.PERIOD_REVERSED: Text(
        "早于开始日期 {start} / earlier than the start, {start}",
        "检查两个日期 / check both dates",
    ),
    Code.NOT_A_MONDAY: Text(
        "不是星期一 / not a Monday", "填写该周星期一的日期 / give the date of that week's Monday"
    ),
    Code.NO_DAYS: Text(
        "该行没有任何实践时间 / the row has no practice time at all",
        "填写至少一天，或删除该行 / fill in at least one day or delete the row",
    ),
    Code.OUTSIDE_ENROLMENT: Text(
        "{day} 不在培养期 {start} 至 {end} 内 / {day} lies outside the enrolment, {start} to {end}",
        "检查日期或培养登记 / check the date or the enrolment",
    ),
    Code.SCORE_ABOVE_MAXIMUM: Text(
        "分数高于满分 {maximum} / the score is above the maximum of {maximum}",
        "检查分数或满分 / check the score or the maximum",
    ),
    Code.NO_SCORE: Text(
        "企业与学校都没有评分 / neither the firm nor the school gave a score",
        "至少填写一方的评分 / fill in at least one of the two scores",
    ),
    Code.NAME_MISMATCH: Text(
        "姓名与培养登记（{expected}）不一致 / the name differs from the enrolment's ({expected})",
        "检查学号和姓名 / check the trainee's number and name",
    ),
    Code.UNKNOWN_REFERENCE: Text(
        "找不到{what} / there is no such {what} in the file or among earlier records",
        "更正编号，或先导入所指的记录 / correct it, or import what it refers to first",
    ),
    Code.AMBIGUOUS_REFERENCE: Text(
        "对应多条{what} / it fits more than one {what}",
        "填写{header} / fill in {header}",
    ),
    Code.UNKNOWN_ORGANISATION: Text(
        "未登记的单位 / no organisation of this name or DID is known here",
        "填写登记名称或 DID，或请运营方登记 / "
        "give its registered name or DID, or have the operator register it",
    ),
    Code.NOT_A_SIGNER: Text(
        "上传单位不是此记录的签署方（{signers}） / the uploader is not a signer of this record ({signers})",
        "由签署方之一上传 / let one of its signers upload it",
    ),
    Code.EVIDENCE_OF_ANOTHER: Text(
        "{ref} 不是该学员的记录 / {ref} is another trainee's record",
        "检查编号 / check the numbers",
    ),
    Code.OVERLAPPING_TIMES: Text(
        "{day} 的时间与第 {other} 行重叠 / the times on {day} overlap with row {other}",
        "更正其中一行的时间 / correct the times of one of the two rows",
    ),
    Code.TOO_MANY_LINKS: Text(
        "所依据的记录超过 {limit} 条 / it rests on more than {limit} records",
        "分成几次评价 / split it",
    ),
    Code.LINK_NOT_ALLOWED: Text(
        "此类记录不能有“{rel}”关联到{target} / a record of this type has no link “{rel}” to {target}",
        "可用：{allowed} / possible: {allowed}",
    ),
    Code.LINK_CYCLE: Text(
        "关联记录互相引用 / the records refer to each other in a circle",
        "去掉其中一个引用 / remove one of the links",
    ),
    Code.MISSING_COUNTERSIGNERS: Text(
        "此类记录的签署方不齐 / the signers are not those that a record of this type needs",
        "签发与会签应为：{allowed} / issuer and countersigners must be: {allowed}",
    ),
    Code.REVISION_NOT_RAISED: Text(
        "同一编号和修订号已有内容不同的记录 / "
        "a record with this number and revision exists with other content",
        "更正时将修订号改为 {next} / raise the revision to {next} to correct it",
    ),
    Code.REVISION_TOO_LOW: Text(
        "已有修订号 {newest} / revision {newest} exists already",
        "使用 {next} / use {next}",
    ),
    Code.SCHEMA_REFUSED: Text(
        "记录不符合规范（{path}）：{reason} / the record is not valid at {path}: {reason}",
        "检查该行 / check the row",
    ),
    Code.NOT_ACCEPTED: Text(
        "记录未被接受：{reason} / the records were not accepted: {reason}",
        "由有权的单位上传 / have them uploaded by the organisation that may draft them",
    ),
    Code.GATE_MISSING: Text(
        "尚不能发证，缺少：{what}，需要 {needed}，现有 {found} / the standard asks for more: {what}; "
        "needed {needed}, found {found}",
        "补齐后再发证，或由有权机构作出放行决定 / complete it, or have the named body decide an override",
    ),
    Code.DEPENDS_ON_ERROR: Text(
        "所依据的第 {other} 行（{other_sheet}）有错，本行未导入 / not imported: it rests on row {other} "
        "of {other_sheet}, which has an error",
        "先更正该行 / mend that row first",
    ),
}
